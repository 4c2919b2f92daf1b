"""Images of Imagen at Vertex AI: making, editing, upscaling and the like, all by ``predict``.

Source: ``generate_images`` and its neighbours in ``google/genai/models.py`` of google-genai 3.4. The answer has
neither model nor usage.
"""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, Response
from agentotel.semconv import names
from agentotel.wire._google import model_request, refusal
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.read import Rule, attributes, integer, several

PARAMETERS: tuple[Rule, ...] = (
    ("sampleCount", names.REQUEST_CHOICE_COUNT, several),
    ("seed", names.REQUEST_SEED, integer),
)


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read the settings of what is asked for."""
    return {names.OUTPUT_TYPE: "image", **attributes(fields(body.get("parameters")), PARAMETERS)}


def response(body: Body) -> Response:
    """Read whether the call failed."""
    return Response(failure=refusal(body.get("error")))


FORMAT = Format(name="google_images", request=model_request, response=response, asks=asks)
