"""Sets the neighbours up: most by their instrumentors, which their rows name, the others by a function here."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any, Final

from tests.neighbours.table import Neighbour


def set_up(neighbour: Neighbour) -> None:
    """Set a neighbour up; one that traces by itself needs nothing."""
    for instrumentor in neighbour.instrumentors:
        module, _, name = instrumentor.partition(":")
        getattr(importlib.import_module(module), name)().instrument()
    if neighbour.name in OTHERS:
        OTHERS[neighbour.name]()


def logfire(span_processor: Any, metric_reader: Any) -> None:
    """Set Logfire up, which makes the providers itself."""
    import logfire

    logfire.configure(
        send_to_logfire=False,
        console=False,
        additional_span_processors=[span_processor],
        metrics=logfire.MetricsOptions(additional_readers=[metric_reader]),
    )
    for package, instrument in (("openai", logfire.instrument_openai), ("anthropic", logfire.instrument_anthropic)):
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
            instrument()


def _pydantic_ai() -> None:
    from pydantic_ai import Agent

    Agent.instrument_all(instrument=True)


def _litellm() -> None:
    import litellm

    litellm.callbacks = ["otel"]


OTHERS: Final = {"pydantic_ai": _pydantic_ai, "litellm": _litellm, "litellm_anthropic": _litellm}
