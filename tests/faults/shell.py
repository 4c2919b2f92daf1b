"""What stands around the user's call, outside every guard."""

from __future__ import annotations

from types import CodeType

from tests.faults.injected import place

SHELL = {
    "api/attach.py Lane.__enter__",
    "api/attach.py Lane.__exit__",
    "api/attach.py Lane.__init__",
    "api/attach.py attach",
    "api/attach.py context_of",
    "api/attach.py leave",
    "api/decorate.py _Inside.__enter__",
    "api/decorate.py _Inside.__exit__",
    "api/decorate.py _Inside.__init__",
    "api/decorate.py _async_generator.<locals>.wrapper",
    "api/decorate.py _coroutine.<locals>.wrapper",
    "api/decorate.py _done",
    "api/decorate.py _drive",
    "api/decorate.py _generator.<locals>.wrapper",
    "api/decorate.py _plain.<locals>.wrapper",
    "api/decorate.py _unowned",
    "api/decorate.py _unowned.<locals>.first",
    "api/decorate.py close",
    "api/managed.py Managed.__aenter__",
    "api/managed.py Managed.__aexit__",
    "api/managed.py Managed.__enter__",
    "api/managed.py Managed.__exit__",
    "_core/late.py _note",
    "capture/bodies.py _Async.__aiter__",
    "capture/bodies.py _Async.aclose",
    "capture/bodies.py _Reads.__del__",
    "capture/bodies.py _Reads.close",
    "capture/bodies.py _Reads.read_chunked",
    "capture/bodies.py _Reads.reading",
    "capture/bodies.py _Sync.__iter__",
    "capture/bodies.py _Sync.close",
    "capture/bodies.py _Watched.__del__",
    "capture/bodies.py _Watched.__getattr__",
    "capture/bodies.py finish",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__aiter__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__del__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.set_exception",
    "capture/bodies.py _reading.<locals>.read",
    "capture/asking.py Addition.send",
    "capture/echoes.py _Quiet.set_attributes",
    "capture/echoes.py wrapper.<locals>.write",
    "capture/executors.py _carrying.<locals>.carrying",
    "capture/http.py _attempts.<locals>.send",
    "capture/http.py _attempts_async.<locals>.send",
    "capture/http.py both.<locals>.call",
    "capture/http.py both.<locals>.call.<locals>.<lambda>",
    "capture/metering.py _patch.<locals>.record",
    "capture/native.py AdoptingTracer.start_span",
    "capture/native.py adopting.<locals>.tracer",
    "capture/sockets.py _Connection.__del__",
    "capture/sockets.py closer.<locals>.close",
    "capture/sockets.py reader.<locals>.read",
    "capture/sockets.py receiver.<locals>.parse",
    "capture/sockets.py sender.<locals>.send",
    "capture/parsing.py _awaited",
    "capture/parsing.py wrapper.<locals>.call",
    "capture/streams.py _Drop.__del__",
    "capture/streams.py _Tap.__call__",
    "capture/streams.py _items",
    "capture/streams.py _items_async",
    "capture/tracking.py Tracking.sends_with",
    "capture/tracking.py current",
    "capture/wrap.py _asynchronous.<locals>.call",
    "capture/wrap.py _synchronous.<locals>.call",
    "record/joint.py Joint.open",
    "record/joint.py _Nobody._on_ending",
    "record/joint.py _Nobody.on_end",
    "record/joint.py _drop_opened",
    "record/joint.py _end_invited",
    "record/joint.py _end_opened",
    "record/joint.py _part",
    "record/processor.py IdentityProcessor._on_ending",
    "record/processor.py IdentityProcessor.on_end",
    "record/processor.py IdentityProcessor.on_start",
}
"""Stand around the user's call and call the guards: a few statements each, which nothing that can fail is in."""

OF_SDKS = {
    "adapters/providers/bedrock.py _checked",
    "adapters/providers/bedrock.py _checked_async",
    "capture/announcements.py wrapper.<locals>.announce",
    "capture/announcements.py wrapper.<locals>.announce_async",
    "capture/asking.py Addition.send_async",
    "capture/bodies.py _Watched.__copy__",
    "capture/bodies.py _Watched.__reduce_ex__",
    "capture/bodies.py _iterating.<locals>.<lambda>",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__copy__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__deepcopy__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__reduce_ex__",
    "capture/brokers.py _asynchronous.<locals>.call",
    "capture/brokers.py _over",
    "capture/brokers.py _synchronous.<locals>.call",
    "capture/brokers.py plain.<locals>.called",
    "capture/brokers.py plain.<locals>.called_async",
    "capture/managers.py _async",
    "capture/managers.py _sync",
    "capture/native.py AdoptedSpan.set_attribute",
    "capture/native.py AdoptedSpan.set_attributes",
    "capture/native.py _Standing.__getattr__",
    "capture/native.py _Standing.start_as_current_span",
    "capture/native.py StandIn.start_span",
    "capture/native.py _giving.<locals>.give",
    "capture/parsing.py _parsing.<locals>.call",
    "capture/parsing.py _parsing_async.<locals>.call",
    "capture/parsing.py _steps",
    "capture/parsing.py _steps_async",
    "capture/sockets.py reader.<locals>.read_async",
    "capture/sockets.py sender.<locals>.send_async",
    "capture/streams.py _Glance.__call__",
    "capture/streams.py _begun",
    "capture/streams.py _begun_async",
}
"""More of them, for SDKs that the application of this folder does not use."""

LEAVING = {"Attachment.leave", "Managed._left", "Managed._mine", "Tracking.leave", "_of", "entered"}
"""Their one job is to give the context back, or to find the one that is to be given back."""


def is_shell(code: CodeType) -> bool:
    """Tell whether a function, or what is written inside it, is of the shell."""
    name = place(code)
    return not {name, name.partition(".<locals>.<")[0]}.isdisjoint(_ALL)


_ALL = SHELL | OF_SDKS
