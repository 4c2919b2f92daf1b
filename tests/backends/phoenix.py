"""Phoenix, a tracing server for language models: how such a backend reads our spans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, cast
from urllib.parse import quote

from tests.backends.install import phoenix_python
from tests.backends.loopback import HOST, accepts, answers, get_json, post_json
from tests.backends.polling import poll
from tests.backends.process import Launch, Server, serve

DEFAULT_PROJECT: Final = "default"

_START_TIMEOUT_S: Final = 120.0
_WAIT_S: Final = 20.0
_ROWS_PER_PAGE: Final = 1_000


class PhoenixSpanContext(TypedDict):
    """The identifiers of a span, as hexadecimal text."""

    trace_id: str
    span_id: str


class PhoenixSpan(TypedDict):
    """A span after Phoenix's own conversion; attributes are flat, such as ``llm.token_count.prompt``.

    ``span_kind`` is Phoenix's reading: LLM, CHAIN, TOOL, RETRIEVER, EMBEDDING, AGENT or UNKNOWN. Times are ISO 8601.
    """

    id: str
    name: str
    context: PhoenixSpanContext
    span_kind: str
    parent_id: str | None
    start_time: str
    end_time: str
    status_code: str
    status_message: str
    attributes: dict[str, object]
    events: list[dict[str, object]]


class PhoenixSessionTrace(TypedDict):
    """A trace of a session."""

    id: str
    trace_id: str
    start_time: str
    end_time: str


class PhoenixSession(TypedDict):
    """A session: the traces whose root span has its ``session.id``, and the tokens of their spans."""

    id: str
    session_id: str
    project_id: str
    start_time: str
    end_time: str
    traces: list[PhoenixSessionTrace]
    token_count_prompt: int
    token_count_completion: int
    token_count_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phoenix:
    """A running Phoenix.

    Attributes:
        otlp_grpc: The OTLP gRPC endpoint as a URL, plaintext.
        otlp_http: The OTLP HTTP base URL: add ``/v1/traces``. There is nothing for metrics or logs.
        url: The base URL of its API and page.
        server: The process and its log.
    """

    otlp_grpc: str
    otlp_http: str
    url: str
    server: Server

    def spans(self, project: str = DEFAULT_PROJECT) -> list[PhoenixSpan]:
        """Return the spans of a project, newest first.

        Spans go to the project that their resource's ``openinference.project.name`` says, else to the default one.
        """
        return cast("list[PhoenixSpan]", self._rows(project, "spans"))

    def sessions(self, project: str = DEFAULT_PROJECT) -> list[PhoenixSession]:
        """Return the sessions of a project, oldest first."""
        return cast("list[PhoenixSession]", self._rows(project, "sessions"))

    def wait_spans(
        self, minimum_spans: int, timeout_s: float = _WAIT_S, *, trace_id: str | None = None
    ) -> list[PhoenixSpan]:
        """Return the spans of the default project, or of one trace in it, once there are that many.

        Raises:
            TimeoutError: There are not within the time.
        """

        def fetch() -> list[PhoenixSpan]:
            return [span for span in self.spans() if trace_id in {None, span["context"]["trace_id"]}]

        return poll(
            fetch,
            lambda spans: len(spans) >= minimum_spans,
            timeout_s=timeout_s,
            what=f"{minimum_spans} spans in Phoenix",
        )

    def wait_session(self, session_id: str, timeout_s: float = _WAIT_S) -> PhoenixSession:
        """Return a session of the default project once it is there. Raises TimeoutError."""

        def fetch() -> list[PhoenixSession]:
            return [session for session in self.sessions() if session["session_id"] == session_id]

        return poll(fetch, bool, timeout_s=timeout_s, what=f"session {session_id} in Phoenix")[0]

    def graphql(self, query: str) -> dict[str, object]:
        """Return the ``data`` of a GraphQL query: costs and latencies are only there."""
        return cast("dict[str, dict[str, object]]", post_json(f"{self.url}/graphql", {"query": query}))["data"]

    def _rows(self, project: str, kind: str) -> list[object]:
        base = f"{self.url}/v1/projects/{quote(project)}/{kind}?limit={_ROWS_PER_PAGE}"
        page = cast("dict[str, object]", get_json(base))
        rows = list(cast("list[object]", page["data"]))
        while cursor := page["next_cursor"]:
            page = cast("dict[str, object]", get_json(f"{base}&cursor={quote(str(cursor))}"))
            rows += cast("list[object]", page["data"])
        return rows


@contextmanager
def phoenix() -> Iterator[Phoenix]:
    """Run a Phoenix whose database goes with it.

    Raises:
        BackendUnavailable: It is not installed.
        BackendFailedError: It does not start.
    """
    python = phoenix_python()

    def plan(directory: Path, ports: list[int]) -> Launch:
        http, grpc = ports
        return Launch(
            command=[str(python), "-m", "phoenix.server.main", "serve"],
            ready=lambda: answers(f"http://{HOST}:{http}/healthz") and accepts(grpc),
            environment=_settings(directory, http=http, grpc=grpc),
        )

    with serve("phoenix", plan, ports=2, timeout_s=_START_TIMEOUT_S) as (server, (http, grpc)):
        url = f"http://{HOST}:{http}"
        yield Phoenix(otlp_grpc=f"http://{HOST}:{grpc}", otlp_http=url, url=url, server=server)


def _settings(directory: Path, *, http: int, grpc: int) -> dict[str, str]:
    return {
        "PHOENIX_WORKING_DIR": str(directory),
        "PHOENIX_HOST": HOST,
        "PHOENIX_PORT": str(http),
        # The host does not apply to this one: it listens on every interface.
        "PHOENIX_GRPC_PORT": str(grpc),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        # Tests need no assistant with a shell.
        "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
        "PHOENIX_AGENTS_DISABLE_BASH": "true",
        "PHOENIX_AGENTS_DISABLE_WEB_ACCESS": "true",
        "PHOENIX_ENABLE_MCP_SERVER": "false",
    }
