"""mistralai's client for Vertex AI."""

from __future__ import annotations

from mistralai.gcp.client import MistralGCP, basesdk

from tests.contract.drivers import _mistral_platforms as platforms
from tests.contract.drivers._mistral_requests import ANSWER, CHUNK, COUNTED, events, stream, whole
from tests.contract.drivers._stainless import KEY

FIM = {"model": "codestral", "prompt": "def f(", "suffix": "return 1"}

DRIVER = platforms.driver(
    package="mistralai.gcp.client",
    distribution="mistralai",
    platform="gcp",
    provider="gcp.vertex_ai",
    client=platforms.maker(basesdk.httpx, MistralGCP, project_id="p1", access_token=KEY),
    requests={
        "fim": whole(
            "fim.complete", ANSWER, "text_completion codestral", {**COUNTED, "gen_ai.response.id": "a1"}, **FIM
        ),
        "fim stream": stream("fim.stream", events(CHUNK), "text_completion codestral", COUNTED, **FIM),
    },
)
