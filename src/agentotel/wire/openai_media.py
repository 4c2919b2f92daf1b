"""Images, audio and moderations of OpenAI: model, usage if sent, type of the output.

Source: ``openai/types/images_response.py``, ``image_gen_*_event.py``, ``audio/`` and
``moderation_create_response.py`` of openai 3.52.
"""

from __future__ import annotations

from agentotel.facts.call import Request
from agentotel.semconv import names
from agentotel.wire._openai import CHOICES, plain_response
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.read import Rule, by_table, number, text

REQUEST: tuple[Rule, ...] = (("temperature", names.REQUEST_TEMPERATURE, number), CHOICES)

_LAST = (".completed", ".done")


class MediaFold:
    """Keeps what the last event of a media stream says of model and usage; pictures and sound pass by."""

    __slots__ = ("_kept", "complete")

    def __init__(self) -> None:
        self._kept: dict[str, object] = {}
        self.complete = False

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        sent = fields(chunk)
        kind = text(sent.get("type"))
        if kind and kind.endswith(_LAST):
            self.complete = True
        for key in ("id", "model", "usage", "error"):
            value = sent.get(key)
            if value is not None:
                self._kept[key] = value

    def result(self) -> Body | None:
        """Return what was kept."""
        return self._kept if self._kept or self.complete else None


def _format(name: str, output_type: str | None) -> Format:
    fixed = {names.OUTPUT_TYPE: output_type} if output_type else {}

    def request(body: Body) -> Request:
        streams = body.get("stream") is True or body.get("stream_format") == "sse"
        return Request(model=text(body.get("model")), stream=streams)

    return Format(name=name, request=request, response=plain_response, asks=by_table(REQUEST, fixed), fold=MediaFold)


IMAGES = _format("openai_images", "image")
SPEECH = _format("openai_speech", "speech")
TRANSCRIPTION = _format("openai_transcription", "text")
MODERATION = _format("openai_moderation", None)
DECISION = _format("openai_decision", None)
RERANK = _format("openai_rerank", None)
"""Of together, ``types/rerank_create_response.py`` of together 3.1."""
