"""The table of settings: the one source of init(), the reference page and ``agentotel doctor``."""

from __future__ import annotations

from dataclasses import dataclass

from agentotel.config import kinds
from agentotel.config.kinds import Kind
from agentotel.config.settings import ContentMode


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: The argument of ``init()``.
        env: Environment variables that give it, the first one that is set wins.
        kind: What values it takes.
        default: Its value when nothing gives one.
        help: One sentence for people.
        secret: True when its value must never be printed.
    """

    name: str
    env: tuple[str, ...]
    kind: Kind
    default: object
    help: str
    secret: bool = False


_OTLP = "OTEL_EXPORTER_OTLP_"
_PROTOCOL = kinds.choice("grpc", "http/protobuf", "http/json")

_GENERAL = (
    Setting(
        "service_name",
        ("AGENTOTEL_SERVICE_NAME", "OTEL_SERVICE_NAME"),
        kinds.TEXT,
        None,
        "The name under which backends list this program.",
    ),
    Setting(
        "resource",
        ("AGENTOTEL_RESOURCE_ATTRIBUTES",),
        kinds.ATTRIBUTES,
        {},
        "Resource attributes beside those of OTEL_RESOURCE_ATTRIBUTES, for example deployment.environment.name.",
    ),
    Setting(
        "disabled",
        ("AGENTOTEL_DISABLED", "OTEL_SDK_DISABLED"),
        kinds.FLAG,
        default=False,
        help="Record and send nothing.",
    ),
    Setting(
        "shutdown_timeout_s",
        ("AGENTOTEL_SHUTDOWN_TIMEOUT_S",),
        kinds.SECONDS,
        5.0,
        "How long shutdown() and process exit may wait, all signals together.",
    ),
    Setting(
        "content",
        ("AGENTOTEL_CONTENT", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
        kinds.CONTENT,
        ContentMode.NO_CONTENT,
        "Where messages, instructions, tool definitions, arguments and results are recorded.",
    ),
    Setting(
        "capture_reasoning",
        ("AGENTOTEL_CAPTURE_REASONING",),
        kinds.FLAG,
        default=True,
        help="Record the model's reasoning text where content is recorded.",
    ),
    Setting(
        "stream_usage",
        ("AGENTOTEL_STREAM_USAGE",),
        kinds.choice("auto", "always", "never"),
        "auto",
        "Ask for the usage of streams with stream_options.include_usage, hiding the chunk that it adds: "
        "auto asks hosts that are known to take it.",
    ),
    Setting(
        "console", ("AGENTOTEL_CONSOLE",), kinds.FLAG, default=False, help="Print each session to stderr as it runs."
    ),
    Setting(
        "metrics",
        ("AGENTOTEL_METRICS",),
        kinds.choice("shipped", "spec"),
        "shipped",
        "Names of metrics: those the released packages emit, or those on the conventions' main branch.",
    ),
    Setting(
        "events",
        ("AGENTOTEL_EVENTS",),
        kinds.choice("spans", "logs", "both"),
        "spans",
        "Where agentotel's events go: span events, log records, or both.",
    ),
    Setting("prices", ("AGENTOTEL_PRICES",), kinds.PRICES, None, "Your own prices, before those of the catalogue."),
    Setting(
        "hash_key",
        ("AGENTOTEL_HASH_KEY",),
        kinds.KEY,
        None,
        "Key that makes the hashes of arguments and results HMACs.",
        secret=True,
    ),
    Setting(
        "ignored_hosts",
        ("AGENTOTEL_IGNORED_HOSTS",),
        kinds.HOSTS,
        (),
        "Hosts, with those below them, whose requests are no model calls unless a supported SDK makes them.",
    ),
    Setting(
        "metric_cardinality",
        ("AGENTOTEL_METRIC_CARDINALITY",),
        kinds.COUNT,
        1000,
        "Series a metric may have before the rest is counted as 'other'.",
    ),
)

_EXPORT = (
    Setting(
        "endpoint",
        ("AGENTOTEL_ENDPOINT", f"{_OTLP}ENDPOINT"),
        kinds.URL,
        None,
        "Where to send over OTLP; for HTTP /v1/traces and its siblings are appended. Without it nothing is sent.",
    ),
    Setting(
        "protocol",
        ("AGENTOTEL_PROTOCOL", f"{_OTLP}PROTOCOL"),
        _PROTOCOL,
        None,
        "OTLP protocol; by default http/protobuf, and grpc where the endpoint's port is 4317.",
    ),
    Setting(
        "headers",
        ("AGENTOTEL_HEADERS", f"{_OTLP}HEADERS"),
        kinds.HEADERS,
        {},
        "Headers of every export, such as an API key.",
        secret=True,
    ),
    Setting(
        "timeout_s",
        ("AGENTOTEL_TIMEOUT_S", f"{_OTLP}TIMEOUT"),
        kinds.SECONDS,
        None,
        "Limit of one export with its retries; the exporter's own default is 10.",
    ),
)


def _of_signal(signal: str) -> tuple[Setting, ...]:
    upper = signal.upper()
    return (
        Setting(
            f"{signal}_exporter",
            (f"AGENTOTEL_{upper}_EXPORTER", f"OTEL_{upper}_EXPORTER"),
            kinds.EXPORTERS,
            (),
            f"Exporters of {signal}; by default otlp where an endpoint is known, else none.",
        ),
        Setting(
            f"{signal}_endpoint",
            (f"AGENTOTEL_{upper}_ENDPOINT", f"{_OTLP}{upper}_ENDPOINT"),
            kinds.URL,
            None,
            f"Where to send {signal}, as it is: nothing is appended.",
        ),
        Setting(
            f"{signal}_protocol",
            (f"AGENTOTEL_{upper}_PROTOCOL", f"{_OTLP}{upper}_PROTOCOL"),
            _PROTOCOL,
            None,
            f"OTLP protocol of {signal}.",
        ),
        Setting(
            f"{signal}_headers",
            (f"AGENTOTEL_{upper}_HEADERS", f"{_OTLP}{upper}_HEADERS"),
            kinds.HEADERS,
            {},
            f"Headers of the exports of {signal}.",
            secret=True,
        ),
        Setting(
            f"{signal}_timeout_s",
            (f"AGENTOTEL_{upper}_TIMEOUT_S", f"{_OTLP}{upper}_TIMEOUT"),
            kinds.SECONDS,
            None,
            f"Limit of one export of {signal} with its retries.",
        ),
    )


SETTINGS: tuple[Setting, ...] = (
    *_GENERAL,
    *_EXPORT,
    *_of_signal("traces"),
    *_of_signal("metrics"),
    *_of_signal("logs"),
)
"""Every setting, general ones first. A test holds it equal to the fields of ``Settings`` and of its signals."""

LEFT_TO_THE_SDK: tuple[tuple[str, str], ...] = (
    ("OTEL_RESOURCE_ATTRIBUTES", "Resource attributes."),
    ("OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG", "Which traces are kept; metrics and cost do not depend on it."),
    (f"{_OTLP}CERTIFICATE, {_OTLP}CLIENT_KEY, {_OTLP}CLIENT_CERTIFICATE", "TLS files."),
    (f"{_OTLP}INSECURE", "Plain text for gRPC endpoints without a scheme."),
    (f"{_OTLP}COMPRESSION", "gzip, deflate or none."),
    (f"{_OTLP}METRICS_TEMPORALITY_PREFERENCE", "cumulative, delta or lowmemory."),
    ("OTEL_BSP_SCHEDULE_DELAY and the other OTEL_BSP_*, OTEL_BLRP_*", "Queue and batch sizes."),
    ("OTEL_METRIC_EXPORT_INTERVAL", "Milliseconds between exports of metrics."),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT and its kin", "Limits of spans."),
)
"""Variables that the SDK and its exporters read themselves, for the reference page and ``agentotel doctor``."""
