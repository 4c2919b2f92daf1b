"""groq, which speaks OpenAI's format."""

from __future__ import annotations

import groq

from tests.contract.drivers._openai_requests import GROQ
from tests.contract.drivers._spec import Driver
from tests.contract.drivers._stainless import chat_endpoint, errors

DRIVER = Driver(
    package="groq",
    distribution="groq",
    errors=errors(groq),
    requests=GROQ,
    endpoints=(chat_endpoint(groq),),
)
