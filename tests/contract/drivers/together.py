"""together 2 and 3, which speak OpenAI's format."""

from __future__ import annotations

import together

from tests.contract.drivers._openai_requests import TOGETHER
from tests.contract.drivers._spec import Driver
from tests.contract.drivers._stainless import chat_endpoint, errors

VERSION = "/v1" if together.__version__.startswith("2.") else ""
"""Of the API: in together 2 it belongs to the address, in 3 to each path."""

DRIVER = Driver(
    package="together",
    distribution="together",
    errors=errors(together),
    requests=TOGETHER,
    endpoints=(chat_endpoint(together, VERSION),),
)
