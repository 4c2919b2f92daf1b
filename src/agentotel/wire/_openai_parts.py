"""Content parts of the OpenAI chat and Responses formats in the shape of the conventions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from mimetypes import guess_type

from agentotel.wire.format import Body, fields
from agentotel.wire.parts import Part, media, other, part, texts_as
from agentotel.wire.read import items, text

_AUDIO_TYPES: Mapping[object, str] = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def content_parts(content: object) -> list[Part]:
    """Read the content of a message: a text, or a list of texts and content parts."""
    if isinstance(content, str):
        return texts_as("text", content)
    return [made for item in items(content) for made in _item_parts(item)]


def _item_parts(item: object) -> list[Part]:
    if isinstance(item, str):
        return texts_as("text", item)
    sent = fields(item)
    read = _PARTS.get(str(sent.get("type")))
    return read(sent) if read else other(sent)


def _text(sent: Body) -> list[Part]:
    return texts_as("text", sent.get("text"))


def _reasoning(sent: Body) -> list[Part]:
    return texts_as("reasoning", sent.get("text"))


def _thinking(sent: Body) -> list[Part]:
    """Read Mistral's part, which is a list of texts."""
    return texts_as("reasoning", *(fields(said).get("text") for said in items(sent.get("thinking"))))


def _refusal(sent: Body) -> list[Part]:
    return texts_as("refusal", sent.get("refusal"))


def _linked(modality: str, key: str) -> Callable[[Body], list[Part]]:
    def read(sent: Body) -> list[Part]:
        target = sent.get(key)
        address = text(target) or text(fields(target).get("url"))
        return [media(address, modality)] if address else _hosted(sent, modality)

    return read


def _hosted(sent: Body, modality: str, mime_type: str | None = None) -> list[Part]:
    file_id = text(sent.get("file_id"))
    return [part("file", modality=modality, mime_type=mime_type, file_id=file_id)] if file_id else []


def _audio(sent: Body) -> list[Part]:
    """Read sound, which Mistral sends without its kind."""
    given = sent.get("input_audio")
    audio = fields(given)
    data = text(given) or text(audio.get("data"))
    kind = _AUDIO_TYPES.get(text(audio.get("format")))
    return [part("blob", modality="audio", mime_type=kind, content=data)] if data else []


def _file(sent: Body) -> list[Part]:
    """Chat puts the file under ``file``, the Responses API its fields on the part itself."""
    file = fields(sent.get("file")) or sent
    name = text(file.get("filename"))
    mime_type = guess_type(name)[0] if name else None
    data, address = text(file.get("file_data")), text(file.get("file_url"))
    if data and not data.startswith("data:"):
        return [part("blob", modality="document", mime_type=mime_type, content=data)]
    if data or address:
        return [media(data or address or "", "document", mime_type)]
    return _hosted(file, "document", mime_type)


_PARTS: Mapping[str, Callable[[Body], list[Part]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "summary_text": _reasoning,
    "reasoning_text": _reasoning,
    "thinking": _thinking,
    "refusal": _refusal,
    "image_url": _linked("image", "image_url"),
    "input_image": _linked("image", "image_url"),
    "video_url": _linked("video", "video_url"),
    "document_url": _linked("document", "document_url"),
    "input_audio": _audio,
    "file": _file,
    "input_file": _file,
}
