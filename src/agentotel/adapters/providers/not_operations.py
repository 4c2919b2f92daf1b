"""Request paths of the SDKs that are no operations, so that a path of a newer SDK is decided on and not overlooked.

An entry ends where its family begins to differ: ``/files`` stands for ``/files`` and everything below it.
"""

from __future__ import annotations

from typing import Final

OPENAI: Final = (
    "/agents",
    "/assistants",
    "/audio/voice_consents",
    "/audio/voices",
    "/batches",
    "/chat/completions/{completion_id}",
    "/chatkit",
    "/containers",
    "/content_provenance_checks",
    "/conversations",
    "/evals",
    "/files",
    "/fine_tuning",
    "/live",
    "/organization",
    "/projects",
    "/realtime",
    "/responses/input_tokens",
    "/responses/{response_id}/cancel",
    "/skills",
    "/threads",
    "/uploads",
    "/vaults",
    "/vector_stores",
    "/videos",
    "/webhook_endpoints",
)
"""Of openai 3.52. Agents, assistants, evals and live sessions run models on the server: a call starts work, and what
it costs is not in the answer. A video and a batch are jobs as well. Of vector stores the search is an operation."""

ANTHROPIC: Final = (
    "/v1/agents",
    "/v1/deployments",
    "/v1/dreams",
    "/v1/environments",
    "/v1/files",
    "/v1/memory_stores",
    "/v1/messages/batches",
    "/v1/messages/count_tokens",
    "/v1/organizations",
    "/v1/sessions",
    "/v1/skills",
    "/v1/tunnels",
    "/v1/user_profiles",
    "/v1/vaults",
)
"""Of anthropic 2.11."""

GROQ: Final = ("/openai/v1/batches", "/openai/v1/files")
"""Of groq 1.7."""

TOGETHER: Final = (
    "/batches",
    "/compute",
    "/deployments",
    "/endpoints",
    "/evaluation",
    "/files",
    "/fine-tunes",
    "/models",
    "/queue",
    "/tci",
    "/videos",
    "/v1/batches",
    "/v1/compute",
    "/v1/deployments",
    "/v1/evaluation",
    "/v1/files",
    "/v1/fine-tunes",
    "/v1/queue",
    "/v1/rl",
    "/v1/shaping",
    "/v2",
)
"""Of together 2.0, whose paths have no version, and of 3.1. A queue, an evaluation, reinforcement learning and a video
run models on the server, and what they cost is not in the answer. The code interpreter runs no model."""


COHERE: Final = (
    "/v1/check-api-key",
    "/v1/connectors",
    "/v1/datasets",
    "/v1/detokenize",
    "/v1/embed-jobs",
    "/v1/finetuning",
    "/v1/tokenize",
    "/v2/batches",
)
"""Of cohere 5.16 to 7.3. A batch and an embed job are jobs."""

MISTRALAI: Final = (
    "/v1/agents",
    "/v1/audio/agents",
    "/v1/audio/sessions",
    "/v1/audio/voices",
    "/v1/batch",
    "/v1/client",
    "/v1/connectors",
    "/v1/context",
    "/v1/files",
    "/v1/fine_tuning",
    "/v1/libraries",
    "/v1/observability",
    "/v1/responses/input_tokens",
    "/v1/service-accounts",
    "/v1/triggers",
    "/v1/webhooks",
    "/v1/workflows",
    "/v2/prompts",
    "/v2/skills",
)
"""Of mistralai 2.0 to 3.7, but for the operations among them. A workflow and a judge run models on the server, and what
they cost is not in the answer."""

OLLAMA: Final = (
    "/api/blobs",
    "/api/copy",
    "/api/create",
    "/api/pull",
    "/api/push",
    "/api/show",
    "/https://ollama.com/api",
)
"""Of ollama 0.4 to 0.6. Searching and fetching the web is done by Ollama's own site, and runs no model."""


def covers(entries: tuple[str, ...], path: str) -> bool:
    """Tell whether a path, with its parameters in braces, is one of the entries or below one."""
    return any(path == entry or path.startswith(f"{entry}/") for entry in entries)
