"""Arguments and environment variables to settings.

An argument beats ``AGENTOTEL_*``, which beats ``OTEL_*``, which beats the default. A wrong argument
raises; a wrong variable is reported once as a warning and ignored, because the environment of a
program in production is not the place to stop it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentotel.config.endpoints import guess_protocol, signal_url
from agentotel.config.settings import Protocol, Settings, SignalName, SignalSettings
from agentotel.config.table import SETTINGS, Setting
from agentotel.errors import ConfigurationError

logger = logging.getLogger("agentotel")

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_ARGUMENT, _OURS, _STANDARD, _DEFAULT = 3, 2, 1, 0
_PROTOCOL_OF_EXPORTER: dict[str, Protocol] = {
    "otlp_proto_grpc": "grpc",
    "otlp_proto_http": "http/protobuf",
    "otlp_json_http": "http/json",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it came from.

    Attributes:
        value: The value, read.
        rank: 3 for an argument, 2 for ``AGENTOTEL_*``, 1 for ``OTEL_*``, 0 for the default.
        source: ``argument``, the name of the variable, or ``default``.
    """

    value: Any  # its type is the setting's kind
    rank: int
    source: str


def resolve(environ: Mapping[str, str] | None = None, /, **arguments: object) -> Settings:
    """Resolve the settings from arguments, ``AGENTOTEL_*``, ``OTEL_*`` and defaults, in this order.

    An argument of None counts as not given. The variables are those of the process unless ``environ`` is given.

    Raises:
        ConfigurationError: An argument is unknown or has a wrong type or value.
    """
    found = sources(arguments, os.environ if environ is None else environ)
    general = {name: item.value for name, item in found.items() if name in Settings.__dataclass_fields__}
    return Settings(
        **general,
        traces=_signal("traces", found),
        metrics_export=_signal("metrics", found),
        logs=_signal("logs", found),
    )


def sources(arguments: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, Found]:
    """Find every setting of the table, and say where each came from.

    Raises:
        ConfigurationError: An argument is unknown or has a wrong type or value.
    """
    for name in arguments:
        if name not in _BY_NAME:
            raise ConfigurationError(_unknown(name))
    return {setting.name: _find(setting, arguments.get(setting.name), environ) for setting in SETTINGS}


def _find(setting: Setting, argument: object, environ: Mapping[str, str]) -> Found:
    if argument is not None:
        try:
            return Found(setting.kind.check(argument), _ARGUMENT, "argument")
        except ValueError as error:
            shown = "" if setting.secret else f"={argument!r}"
            message = f"{setting.name}{shown}: it {error}."
            raise ConfigurationError(message) from None
    for variable in setting.env:
        text = environ.get(variable, "").strip()
        if text:
            return _from_variable(setting, variable, text)
    return Found(setting.default, _DEFAULT, "default")


def _from_variable(setting: Setting, variable: str, text: str) -> Found:
    try:
        value = setting.kind.parse(text)
    except ValueError as error:
        shown = "" if setting.secret else f"={text}"
        default = getattr(setting.default, "value", setting.default)
        instead = f"using {default}" if default else "ignored"
        logger.warning("%s%s: it %s; %s.", variable, shown, error, instead)
        return Found(setting.default, _DEFAULT, "default")
    return Found(value, _OURS if variable.startswith("AGENTOTEL_") else _STANDARD, variable)


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only when something is wrong

    near = get_close_matches(name, _BY_NAME, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(_BY_NAME)}."
    return f"There is no setting {name!r}; {hint}"


def _signal(name: SignalName, found: Mapping[str, Found]) -> SignalSettings:
    exporters, protocol_of_exporter = _exporters(found[f"{name}_exporter"].value)
    endpoint = _nearest(found[f"{name}_endpoint"], found["endpoint"])
    named = _nearest(found[f"{name}_protocol"], found["protocol"])
    protocol: Protocol = named.value or protocol_of_exporter or guess_protocol(endpoint.value)
    if not exporters and found[f"{name}_exporter"].rank == _DEFAULT and endpoint.value:
        exporters = ("otlp",)
    url = endpoint.value
    if url is None or endpoint is found["endpoint"]:
        url = signal_url(url, name, protocol=protocol)
    return SignalSettings(
        name=name,
        exporters=exporters,
        endpoint=url if "otlp" in exporters else None,
        protocol=protocol,
        headers=_headers(found["headers"], found[f"{name}_headers"]),
        timeout_s=_nearest(found[f"{name}_timeout_s"], found["timeout_s"]).value,
        asked=_ARGUMENT in (named.rank, found[f"{name}_exporter"].rank),
        declined="none" in found[f"{name}_exporter"].value,
    )


def _exporters(names: tuple[str, ...]) -> tuple[tuple[str, ...], Protocol | None]:
    """Give the exporters' names with every OTLP one as ``otlp``, and the protocol that such a name implies."""
    protocol = next((_PROTOCOL_OF_EXPORTER[name] for name in names if name in _PROTOCOL_OF_EXPORTER), None)
    plain = ("otlp" if name in _PROTOCOL_OF_EXPORTER else name for name in names if name != "none")
    return tuple(dict.fromkeys(plain)), protocol


def _nearest(of_signal: Found, general: Found) -> Found:
    """Choose by source first (an argument beats a variable), then the one of the signal."""
    return of_signal if of_signal.rank >= general.rank and of_signal.rank else general


def _headers(general: Found, of_signal: Found) -> dict[str, str]:
    """Merge the headers, so that an argument adds to those of the environment and wins by name."""
    weaker, stronger = sorted((general, of_signal), key=lambda item: item.rank)
    return {**weaker.value, **stronger.value}
