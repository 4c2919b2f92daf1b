"""The conventions' metrics of calls, which somebody else records too: each call is counted once, by us.

Every span of a neighbour's scope that is a call becomes a call of ours, so a neighbour's records of the same metrics
would double them. They are left out where they would reach the same readers; its other metrics go on.

Source of the private names: ``opentelemetry/sdk/metrics/_internal/instrument.py`` of opentelemetry-sdk 1.38 to 1.45.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from agentotel._core import guard
from agentotel._core.locks import make_lock
from agentotel.record.metrics import MetricRecorder
from agentotel.record.pipeline import IDLE, active
from agentotel.semconv import metrics as m

_check = guard.site("capture.metering")

NAMES: Final = frozenset(
    one.name
    for one in (
        m.OPERATION_DURATION,
        m.OPERATION_FIRST_CHUNK,
        m.TOKEN_USAGE,
        m.INFERENCE_DURATION,
        m.INFERENCE_FIRST_CHUNK,
        m.INPUT_TOKENS_PER_CALL,
        m.OUTPUT_TOKENS_PER_CALL,
    )
)
"""Metrics that are recorded here for every call."""

_lock = make_lock()
_scopes: set[str] = set()
_patched: dict[type, Callable[..., Any]] = {}


def heard(scope: str) -> None:
    """Leave out the records that ``scope`` makes of our metrics from now on."""
    if scope in _scopes:
        return
    from opentelemetry.sdk.metrics import Histogram  # noqa: PLC0415 - only where a neighbour is

    with _lock:
        if not _patched:
            _patch(Histogram)
        _scopes.add(scope)  # last: what another thread finds here is left out already


def forget() -> None:
    """Undo the patch."""
    with _lock:
        _scopes.clear()
        for kind, original in _patched.items():
            if getattr(kind.__dict__.get("record"), "__wrapped__", None) is original:
                kind.record = original  # type: ignore[attr-defined]  # a histogram
        _patched.clear()


def _patch(kind: type) -> None:
    original: Callable[..., Any] = kind.__dict__["record"]

    @wraps(original)
    def record(self: Any, amount: float, attributes: Any = None, context: Any = None) -> None:
        if self.name in NAMES and _check(_doubled, self):
            return
        original(self, amount, attributes, context)

    kind.record = record  # type: ignore[attr-defined]  # a histogram
    _patched[kind] = original


def _doubled(histogram: Any) -> bool:
    """Tell whether a neighbour records what reaches the readers from us as well."""
    if histogram.instrumentation_scope.name not in _scopes:
        return False
    pipeline = active()
    if pipeline is IDLE:
        return False
    return any(isinstance(one, MetricRecorder) and one.shares_readers(histogram) for one in pipeline.recorders)
