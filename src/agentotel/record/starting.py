"""Starts spans as the SDK's tracer does, but without its check of every attribute (``sdk``).

The samplers of the SDK that look at nothing but the span around are not asked what they would say.

Source: ``Tracer.start_span``, ``ParentBased`` and ``StaticSampler`` of opentelemetry-sdk 1.43 to 1.45.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer, _Span
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, ParentBasedTraceIdRatio, Sampler, StaticSampler
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    get_current_span,
)

from agentotel.facts.call import AttributeValue

MOST: Final = 64
"""What the limit of attributes has to leave room for."""

_TAKEN: Final = TraceFlags.SAMPLED
_RANDOM: Final = TraceFlags.RANDOM_TRACE_ID
_BY_PARENT: Final = (ParentBased, ParentBasedTraceIdRatio)


def start_span(
    tracer: Tracer,
    name: str,
    *,
    context: Context,
    kind: SpanKind,
    attributes: Mapping[str, AttributeValue],
    links: Sequence[Link] | None,
    start_time: int,
) -> Span:
    """Start a span whose attributes are scalars; where there are many, the tracer does it."""
    links = links or ()
    if len(attributes) > MOST or not tracer._is_enabled():  # noqa: SLF001 - see ``sdk``
        return tracer.start_span(name, context, kind, attributes, links, start_time)
    around = get_current_span(context).get_span_context()
    ids = tracer.id_generator
    if around.is_valid:
        parent, trace_id, random = around, around.trace_id, around.trace_flags.random_trace_id
    else:
        parent, trace_id, random = None, ids.generate_trace_id(), ids.is_trace_id_random()
    asked = (context, trace_id, name, kind, attributes, links)
    decision, given, state = _decided(tracer.sampler, parent, attributes, asked)
    flags = TraceFlags((_TAKEN if decision is Decision.RECORD_AND_SAMPLE else 0) | (_RANDOM if random else 0))
    own = SpanContext(trace_id, ids.generate_span_id(), False, flags, state)  # noqa: FBT003 - is remote
    ended = tracer._tracer_metrics.start_span(parent, decision)  # noqa: SLF001 - see ``sdk``
    if decision is Decision.DROP:
        return NonRecordingSpan(own)
    unchanged = given is attributes or given == attributes
    span: Any = _Span(
        name=name,
        context=own,
        parent=parent,
        sampler=tracer.sampler,
        resource=tracer.resource,
        attributes=None if unchanged else given,
        links=links,
        kind=kind,
        span_processor=tracer.span_processor,
        instrumentation_info=tracer.instrumentation_info,
        limits=tracer._span_limits,  # noqa: SLF001 - see ``sdk``
        instrumentation_scope=tracer._instrumentation_scope,  # noqa: SLF001 - see ``sdk``
        record_end_metrics=ended,
    )
    if unchanged:
        span._attributes._dict.update(attributes)  # noqa: SLF001 - see ``sdk``
    span.start(start_time=start_time, parent_context=context)
    return span  # type: ignore[no-any-return]  # a span


def _decided(
    sampler: Sampler, parent: SpanContext | None, attributes: Mapping[str, Any], asked: tuple[Any, ...]
) -> tuple[Decision, Mapping[str, Any] | None, TraceState | None]:
    """Give the decision of a sampler, the attributes that the span begins with, and the state of its trace."""
    if type(sampler) in _BY_PARENT:
        sampler = _delegate(sampler, parent)
    if type(sampler) is StaticSampler:
        return sampler._decision, attributes, None if parent is None else parent.trace_state  # noqa: SLF001 - see ``sdk``
    result = sampler.should_sample(*asked)
    return result.decision, result.attributes, result.trace_state


def _delegate(sampler: Any, parent: SpanContext | None) -> Sampler:
    """Give the sampler that one by the parent leaves it to."""
    if parent is None:
        return sampler._root  # type: ignore[no-any-return]  # noqa: SLF001 - see ``sdk``
    where = "remote" if parent.is_remote else "local"
    said = "sampled" if parent.trace_flags.sampled else "not_sampled"
    return getattr(sampler, f"_{where}_parent_{said}")  # type: ignore[no-any-return]  # a sampler
