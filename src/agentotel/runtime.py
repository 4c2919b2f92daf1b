"""Composition root: ``init()``, ``instrument()``, ``uninstrument()``, ``flush()`` and ``shutdown()``."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics, trace
from opentelemetry._logs import LoggerProvider, get_logger_provider

from agentotel import config
from agentotel._core import guard, late
from agentotel._core.canonical import make_digest
from agentotel._core.locks import make_lock
from agentotel._core.version import VERSION
from agentotel.capture import executors, imports, left, metering, neighbours
from agentotel.capture.registry import REGISTRY
from agentotel.config import Settings
from agentotel.errors import ConfigurationError
from agentotel.export import awaited
from agentotel.export.existing import behind, is_set
from agentotel.export.exiting import at_exit
from agentotel.export.fork import before_fork, forget_sums, free_locks, in_child
from agentotel.pricing import Prices, load_prices
from agentotel.record import identity
from agentotel.record.logs import LogRecorder
from agentotel.record.metrics import MetricRecorder
from agentotel.record.operation import Recorder
from agentotel.record.pipeline import IDLE, Pipeline, activate, active
from agentotel.record.processor import SCOPE, IdentityProcessor
from agentotel.record.spans import SpanRecorder

if TYPE_CHECKING:
    from agentotel.export.providers import Setup

logger = logging.getLogger("agentotel")

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.37.0"
_LONGEST_LOAD_S: Final = 3.0

_load = guard.site("runtime.load_prices")
_open = guard.site("runtime.open")
_close = guard.site("runtime.shutdown")

_lock = make_lock()


@dataclass(frozen=True, slots=True)
class Providers:
    """What spans, metrics and log records go through."""

    tracer: trace.TracerProvider
    meter: metrics.MeterProvider
    logger: LoggerProvider


class _Runtime:
    """What is set up in this process. While it is ``held``, only its holder changes it."""

    def __init__(self, *, held: bool = False) -> None:
        self.held = held
        self.arguments: dict[str, object] | None = None
        self.defaults: dict[str, object] = {}
        self.provisional = False
        self.setup: Setup | None = None
        self.settings: Settings | None = None
        self.providers: Providers | None = None
        self.processors: dict[int, tuple[object, IdentityProcessor]] = {}
        self.meters: dict[tuple[int, str, int], tuple[object, MetricRecorder]] = {}
        self.exit_registered = False


_runtime = _Runtime()


def _free() -> None:
    """Free, in a forked child, what recording goes through: the providers in use, and the spans that are open.

    The providers that we built count from nothing there; an application's own is its own.
    """
    providers = _runtime.providers
    roots: list[object] = [trace.get_current_span()]
    if providers is not None:
        roots += [providers.tracer, providers.meter, providers.logger]
    operation = identity.current().operation
    while operation is not None:
        roots.append(operation.span)
        operation = operation.identity.operation
    free_locks(roots)
    if _runtime.setup is not None:
        forget_sums(target.provider for target in _runtime.setup.targets if target.signal == "metrics")


in_child(_free)  # now, so that it comes before the SDK's own hooks, which start threads


def start(arguments: Mapping[str, object], *, provisional: bool = False) -> None:
    """Set up providers and patch. See ``agentotel.init``.

    A ``provisional`` set-up, that of ``agentotel run``, gives way to the one that the program itself asks for: its
    arguments are then the defaults of the program's.
    """
    with _lock:
        asked = {name: value for name, value in arguments.items() if value is not None}
        if _runtime.held:
            config.resolve(**asked)
            return
        if provisional:
            _runtime.defaults = asked
        given = {**_runtime.defaults, **asked}
        if _runtime.arguments is not None and not _runtime.provisional:
            _check_same(_runtime.arguments, given)
            instrument(None, None, None)
            return
        settings = config.resolve(**given)
        pricing = _pricing(settings, asked="prices" in given)
        _runtime.provisional = provisional
        if settings != _runtime.settings or active() is IDLE:
            _set_up(settings, pricing)
            if not provisional:
                _hint()
        _runtime.arguments = given


def _set_up(settings: Settings, pricing: Prices) -> None:
    from agentotel.export.providers import build  # noqa: PLC0415 - imports the SDK and its exporters

    if settings.disabled:
        _unpatch()
        _runtime.settings = settings
        logger.info("agentotel is disabled (OTEL_SDK_DISABLED or init(disabled=True)): nothing is recorded")
        return
    setup = build(settings, former=_runtime.setup)
    setup.install()
    _runtime.setup, _runtime.settings = setup, settings
    for line in setup.describe().splitlines():
        logger.info("%s", line)
    _activate(_providers(), settings, pricing)


def _hint() -> None:
    """Say once that nothing is exported, if so."""
    setup, settings = _runtime.setup, _runtime.settings
    if setup is not None and settings is not None and setup.hint is not None and not settings.disabled:
        logger.log(logging.INFO if settings.console else logging.WARNING, "%s", setup.hint)


def _providers() -> Providers:
    """Give those that ``init()`` found or built, else the global ones."""
    setup = _runtime.setup
    return Providers(
        (setup and setup.tracer_provider) or trace.get_tracer_provider(),
        (setup and setup.meter_provider) or metrics.get_meter_provider(),
        (setup and setup.logger_provider) or get_logger_provider(),
    )


def _check_same(before: Mapping[str, object], given: Mapping[str, object]) -> None:
    """Refuse arguments that ask for other values than those in force, wherever these came from."""
    wanted = config.sources(given, {})
    in_force = config.sources(before, os.environ if given.keys() - before.keys() else {})
    for name in given:
        if wanted[name].value == in_force[name].value:
            continue
        if name in before:
            secret = next(one.secret for one in config.SETTINGS if one.name == name)
            said = "" if secret else f" ({before[name]!r} before, {given[name]!r} now)"
            message = (
                f"init() was called twice with different {name}{said}: call agentotel.shutdown() in between, "
                "or pass the same value"
            )
        else:
            message = (
                f"init() was called before without {name}: pass all arguments in the first call, "
                "or call agentotel.shutdown() in between"
            )
        raise ConfigurationError(message)


def instrument(
    tracer_provider: trace.TracerProvider | None,
    meter_provider: metrics.MeterProvider | None,
    logger_provider: LoggerProvider | None,
) -> None:
    """Patch, and record through the given providers or the global ones. See ``agentotel.instrument``."""
    with _lock:
        settings = _runtime.settings or config.resolve()
        if settings.disabled:
            return
        default = _providers()
        asked = Providers(
            behind(_checked("tracer_provider", tracer_provider, "get_tracer") or default.tracer),
            behind(_checked("meter_provider", meter_provider, "get_meter") or default.meter),
            behind(_checked("logger_provider", logger_provider, "get_logger") or default.logger),
        )
        now = _runtime.providers
        explicit = any(one is not None for one in (tracer_provider, meter_provider, logger_provider))
        if now is not None and active() is not IDLE:
            if not explicit or asked == now or _runtime.held:
                return
            if not _runtime.provisional:
                message = (
                    "init() or instrument() was called before with other providers: "
                    "call agentotel.uninstrument() in between"
                )
                raise ConfigurationError(message)
        _activate(asked, settings, _pricing(settings, asked="prices" in (_runtime.arguments or {})))


def _checked(name: str, provider: Any, method: str) -> Any:
    if provider is None or callable(getattr(provider, method, None)):
        return provider
    message = f"instrument({name}=) must be a provider with a {method}() method, not {type(provider).__name__}"
    raise ConfigurationError(message)


def _activate(providers: Providers, settings: Settings, pricing: Prices) -> None:
    _runtime.providers = providers
    pipeline = Pipeline(
        recorders=tuple(_recorders(providers, settings)),
        pricing=pricing,
        digest=make_digest(settings.hash_key),
        content_on_spans=settings.content.on_spans,
        content_on_events=settings.content.on_events,
        reasoning=settings.capture_reasoning,
        stream_usage=settings.stream_usage,
        ignored_hosts=settings.ignored_hosts,
    )
    _stamp(providers.tracer)
    _patch(pipeline)
    if not (_runtime.exit_registered or _runtime.held):
        _runtime.exit_registered = True
        at_exit(_leave)


def _patch(pipeline: Pipeline) -> None:
    activate(pipeline)
    late.watch()
    executors.install()
    REGISTRY.install(on_patched=lambda: _load_later(pipeline))


def _unpatch() -> None:
    activate(IDLE)
    REGISTRY.remove()
    imports.forget()
    executors.remove()
    late.unwatch()
    metering.forget()


@contextmanager
def held(providers: Providers, settings: Settings) -> Iterator[None]:
    """Record through ``providers`` for a block, whatever ``init()`` and its kin are told in it.

    What was in place before is in place again afterwards, and nothing of the block is kept.
    """
    global _runtime  # noqa: PLW0603 - one state at a time, and the former one comes back as it was
    with _lock:
        before, pipeline = _runtime, active()
        _runtime = _Runtime(held=True)
        _activate(providers, settings, _pricing(settings, asked=True))
    try:
        yield
    finally:
        with _lock:
            _runtime = before
            if pipeline is IDLE:
                _unpatch()
            else:
                _patch(pipeline)


def _recorders(providers: Providers, settings: Settings) -> list[Recorder]:
    tracer = providers.tracer.get_tracer(SCOPE, VERSION, SCHEMA_URL)
    recorders: list[Recorder] = [
        SpanRecorder(tracer, content=settings.content.on_spans, events=settings.events != "logs"),
        _meters(providers.meter, settings),
    ]
    log_events = settings.events != "spans"
    if log_events or settings.content.on_events:
        log = providers.logger.get_logger(SCOPE, VERSION, SCHEMA_URL)
        recorders.append(LogRecorder(log, details=settings.content.on_events, events=log_events))
    if settings.console:
        from agentotel.console import ConsoleRecorder  # noqa: PLC0415 - only where asked for

        recorders.append(ConsoleRecorder())
    if _runtime.provisional:
        from agentotel.export.reminder import Reminder  # noqa: PLC0415 - only for `agentotel run`

        recorders.append(Reminder(_hint))
    return recorders


def _meters(provider: metrics.MeterProvider, settings: Settings) -> MetricRecorder:
    """Keep one set of instruments per provider: an observable one cannot be made twice."""
    key = (id(provider), settings.metrics, settings.metric_cardinality)
    known = _runtime.meters.get(key)
    if known is None or known[0] is not provider:
        meter = provider.get_meter(SCOPE, VERSION, SCHEMA_URL)
        made = MetricRecorder(meter, family=settings.metrics, cap=settings.metric_cardinality)
        known = _runtime.meters[key] = (provider, made)
    return known[1]


def _stamp(provider: trace.TracerProvider) -> None:
    """Let identity reach the spans of other libraries, where the provider takes processors."""
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        if provider is trace.get_tracer_provider() and not is_set(provider):
            awaited.when_set(_stamp_later)
        return
    known = _runtime.processors.get(id(provider))
    if known is None or known[0] is not provider:
        known = _runtime.processors[id(provider)] = (provider, IdentityProcessor(neighbours.started))
        add(known[1])
    known[1].enabled = True


def _stamp_later(provider: trace.TracerProvider) -> None:
    with _lock:
        if _runtime.providers is not None:
            _stamp(behind(provider))
            at_exit(_leave)  # once more: what was registered last comes first, and this before the provider's own


def _pricing(settings: Settings, *, asked: bool) -> Prices:
    """Read the prices of the user; like other variables, a wrong one of the environment is told and ignored."""
    prices = settings.prices
    if prices is None:
        return Prices()
    try:
        overrides = prices if isinstance(prices, Mapping) else load_prices(prices)
        return Prices(overrides)  # type: ignore[arg-type]  # checked by Prices, which says what is wrong
    except ConfigurationError as error:
        if asked:
            raise
        logger.warning("AGENTOTEL_PRICES: %s; using the prices of the catalogue", error)
        return Prices()


def _load_later(pipeline: Pipeline) -> None:
    """Load the price catalogue beside the program, before the first call needs it."""
    global _loading  # noqa: PLW0603 - the last one, for a fork to wait for
    if isinstance(pipeline.pricing, Prices):
        _loading = threading.Thread(target=_load, args=(pipeline.pricing.load,), name="agentotel-prices", daemon=True)
        _loading.start()


_loading: threading.Thread | None = None


def _await_loading() -> None:
    """Let the catalogue be loaded before a fork: the child could never import what was half imported, nor price a call.

    It takes most of a second, once. A program that forks while it imports what the catalogue needs waits in vain.
    """
    if _loading is not None and _loading is not threading.current_thread():
        _loading.join(_LONGEST_LOAD_S)


before_fork(_await_loading)


def refresh_prices() -> None:
    """Fetch current prices. See ``agentotel.refresh_prices``."""
    pricing = active().pricing
    if isinstance(pricing, Prices):
        pricing.refresh()
    else:
        logger.warning("refresh_prices() does nothing before init() or instrument(): call it after them")


def uninstrument() -> None:
    """Undo every patch. See ``agentotel.uninstrument``."""
    with _lock:
        if _runtime.held:
            return
        for _provider, processor in _runtime.processors.values():
            processor.enabled = False
        _unpatch()
        _runtime.providers = None


def flush(timeout_s: float | None = None) -> bool:
    """Send what is queued. See ``agentotel.flush``."""
    if timeout_s is not None and (isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float)):
        message = f"flush(timeout_s) must be a number of seconds, not {type(timeout_s).__name__}: flush(2.5)"
        raise ConfigurationError(message)
    late.settle()
    setup, settings = _runtime.setup, _runtime.settings
    if setup is None or settings is None:
        return True
    return setup.flush(settings.shutdown_timeout_s if timeout_s is None else timeout_s)


def stop(*, leaving: bool = False) -> None:
    """Send what is queued, stop, and undo the patches. See ``agentotel.shutdown``.

    What is still open ends first where it could not be sent later: where the provider of spans is ours, and in a
    process that is ``leaving``.
    """
    setup = _runtime.setup
    if leaving or (setup is not None and any(target.signal == "traces" for target in setup.targets)):
        _open(left.end)
    late.settle()
    with _lock:
        setup, settings = _runtime.setup, _runtime.settings
        uninstrument()
        _runtime.arguments = _runtime.setup = _runtime.settings = None
        _runtime.provisional = False
    if setup is not None and settings is not None:
        _close(setup.shutdown, settings.shutdown_timeout_s)


_leave: Final = functools.partial(stop, leaving=True)
