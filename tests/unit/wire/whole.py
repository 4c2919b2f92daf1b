"""What a format reads of a request or an answer at once and what it reads later, as one."""

from __future__ import annotations

from agentotel.facts.call import Request, Response
from agentotel.wire.format import Body, Format


def asked(format_: Format, body: Body) -> Request:
    """Read a request with all its attributes."""
    request = format_.request(body)
    return request._replace(attributes={**request.attributes, **format_.asks(body)})


def told(format_: Format, body: Body) -> Response:
    """Read an answer with all its attributes."""
    response = format_.response(body)
    return response._replace(attributes={**format_.tells(body), **response.attributes})
