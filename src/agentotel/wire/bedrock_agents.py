"""The agent runtime of Bedrock: agents, answers from knowledge bases, flows, and ranks of documents.

Source: ``bedrock-agent-runtime/2023-07-26/service-2.json`` of botocore 1.44.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

from agentotel.facts.call import AttributeValue, Content, Context, Request, Response, ToolRequest, Usage
from agentotel.semconv import names
from agentotel.wire import _bedrock as bedrock
from agentotel.wire._bedrock_events import EventStreamFold
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import MISSING_REASON, Part, message, output_message, plain, texts_as, tool_call
from agentotel.wire.read import Rule, attributes, by_table, failure, inside, integer, items, number, text, texts, usage

# -- agents


def _first_base(value: object) -> AttributeValue | None:
    return next((found for base in items(value) if (found := text(fields(base).get("knowledgeBaseId")))), None)


NAME: tuple[Rule, ...] = (("agentName", names.AGENT_NAME, text),)
"""What the span of an agent is named after."""
AGENT_REQUEST: tuple[Rule, ...] = (
    ("agentId", names.AGENT_ID, text),
    ("sessionId", names.CONVERSATION_ID, text),
    ("guardrailConfiguration", names.AWS_BEDROCK_GUARDRAIL_ID, inside("guardrailIdentifier", text)),
    ("knowledgeBases", names.DATA_SOURCE_ID, _first_base),
)
MODEL_STEPS = frozenset({"orchestrationTrace", "preProcessingTrace", "postProcessingTrace", "routingClassifierTrace"})
"""Parts of a trace in which the agent calls a model."""


def agent_request(body: Body) -> Request:
    """Read what an agent is asked; only an inline agent is given its model."""
    return Request(model=text(body.get("foundationModel")), attributes=attributes(body, NAME))


def agent_response(body: Body) -> Response:
    """Read an agent's answer. Usage is the sum over its model calls, which are told of where a trace is asked for."""
    reason = text(body.get("stopReason"))
    return Response(
        finish_reasons=(reason,) if reason else (),
        usage=_agent_usage(body),
        tool_requests=tuple(_returned(body)),
        failure=failure(body.get("error")),
    )


def agent_context(body: Body) -> Context:
    """Show the instruction, the input and the results that are given back to the agent."""
    return Context(system=body.get("instruction"), tools=body.get("actionGroups"), messages=_asked(body))


def agent_content(body: Body) -> Content:
    """Read instruction and input in the shape of the conventions."""
    return Content(
        system_instructions=texts_as("text", body.get("instruction")) or None,
        input_messages=[message("user", texts_as("text", body.get("inputText")))] if body.get("inputText") else None,
    )


def agent_output(body: Body) -> list[dict[str, object]] | None:
    """Read the one answer of an agent: its text, or the tools that it asks its caller for."""
    parts: list[Part] = [*texts_as("text", body.get("text")), *(tool_call(call) for call in _returned(body))]
    return [output_message("assistant", parts, text(body.get("stopReason")))] if parts else None


def _asked(body: Body) -> list[object]:
    state = fields(body.get("sessionState"))
    given = items(state.get("returnControlInvocationResults"))
    return [*given, *({"role": "user", "content": value} for value in (body.get("inputText"),) if value is not None)]


def _agent_usage(body: Body) -> Usage | None:
    sent = [counted for trace in items(body.get("traces")) if (counted := usage(_step(trace), bedrock.USAGE))]
    if not sent:
        return None
    return Usage(
        input_tokens=sum(one.input_tokens or 0 for one in sent),
        output_tokens=sum(one.output_tokens or 0 for one in sent),
    )


def _step(trace: object) -> object:
    """Find the usage of the model call that a trace tells of."""
    for name, step in fields(fields(trace).get("trace")).items():
        if name in MODEL_STEPS:
            return fields(fields(fields(step).get("modelInvocationOutput")).get("metadata")).get("usage")
    return None


def _returned(body: Body) -> Iterator[ToolRequest]:
    """Read the tools that an agent leaves to its caller, known by the id of their invocation."""
    control = fields(body.get("returnControl"))
    for asked in items(control.get("invocationInputs")):
        function = fields(fields(asked).get("functionInvocationInput"))
        api = fields(fields(asked).get("apiInvocationInput"))
        name = text(function.get("function")) or text(api.get("apiPath"))
        if name:
            given = [fields(one) for one in items(function.get("parameters") or api.get("parameters"))]
            arguments = {str(one.get("name")): one.get("value") for one in given}
            yield ToolRequest(id=text(control.get("invocationId")), name=name, arguments=arguments)


class AgentFold:
    """Folds the events of an agent: pieces of its text, and traces, of which those with usage are kept."""

    __slots__ = ("_body", "_pieces", "_traces")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._traces: list[object] = []
        self._body: dict[str, object] = {}

    @property
    def complete(self) -> bool | None:
        """Not known but where the agent asks for tools: nothing marks the end of its text."""
        return True if "returnControl" in self._body else None

    def add(self, chunk: object) -> None:
        """Read one event."""
        event = fields(chunk)
        self._pieces.extend(texts_of(event.get("chunk")))
        if _step(event.get("trace")) is not None:
            self._traces.append(event["trace"])
        for key in ("returnControl", "error"):
            if key in event:
                self._body[key] = event[key]

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        if not (self._pieces or self._traces or self._body):
            return None
        reason = "tool_call" if "returnControl" in self._body else "stop"
        return {"text": "".join(self._pieces), "traces": self._traces, "stopReason": reason, **self._body}


def texts_of(chunk: object) -> Iterator[str]:
    """Decode the text of a chunk: bytes, or base64 of them."""
    sent = fields(chunk).get("bytes")
    if isinstance(sent, str | bytes):
        yield (b64decode(sent) if isinstance(sent, str) else sent).decode("utf-8", "replace")


AGENT = Format(
    name="bedrock_agent",
    request=agent_request,
    response=agent_response,
    asks=by_table(AGENT_REQUEST),
    fold=lambda: EventStreamFold(AgentFold()),
    context=agent_context,
    content=agent_content,
    output=agent_output,
)

# -- answers from knowledge bases

CONFIG: tuple[Rule, ...] = (
    ("maxTokens", names.REQUEST_MAX_TOKENS, integer),
    ("temperature", names.REQUEST_TEMPERATURE, number),
    ("topP", names.REQUEST_TOP_P, number),
    ("stopSequences", names.REQUEST_STOP_SEQUENCES, texts),
)
SESSION: tuple[Rule, ...] = (("sessionId", names.CONVERSATION_ID, text),)
SOURCE: tuple[Rule, ...] = (("knowledgeBaseId", names.AWS_BEDROCK_KNOWLEDGE_BASE_ID, text),)
GUARDRAIL: tuple[Rule, ...] = (("guardrailConfiguration", names.AWS_BEDROCK_GUARDRAIL_ID, inside("guardrailId", text)),)
_SOURCES = ("knowledgeBaseConfiguration", "externalSourcesConfiguration")


def generation_request(body: Body) -> Request:
    """Read which model is asked, and whether its answer is to be a stream."""
    return Request(model=text(_source(body).get("modelArn")), stream=body.get("stream") is True)


def generation_asks(body: Body) -> dict[str, AttributeValue]:
    """Read what is asked of a model that reads documents."""
    source = _source(body)
    generation = fields(source.get("generationConfiguration"))
    inference = fields(fields(generation.get("inferenceConfig")).get("textInferenceConfig"))
    return {
        **attributes(inference, CONFIG),
        **attributes(generation, GUARDRAIL),
        **attributes(source, SOURCE),
        **attributes(body, SESSION),
    }


def _source(body: Body) -> Body:
    """Find the settings of what the model reads."""
    config = fields(body.get("retrieveAndGenerateConfiguration"))
    return next((fields(config[key]) for key in _SOURCES if config.get(key)), config)


def generation_response(body: Body) -> Response:
    """Read an answer; the API tells no token counts."""
    return Response(
        finish_reasons=(_reason(body),) if "output" in body else (),
        failure=failure(body.get("error")),
    )


def generation_context(body: Body) -> Context:
    """Show the question."""
    return Context(messages=[body["input"]] if body.get("input") else ())


def generation_content(body: Body) -> Content:
    """Read the question in the shape of the conventions."""
    parts = texts_as("text", fields(body.get("input")).get("text"))
    return Content(input_messages=[message("user", parts)] if parts else None)


def generation_output(body: Body) -> list[dict[str, object]] | None:
    """Read the one answer."""
    parts = texts_as("text", fields(body.get("output")).get("text"))
    return [output_message("assistant", parts, _reason(body))] if parts else None


def _reason(body: Body) -> str:
    return "content_filter" if body.get("guardrailAction") == "INTERVENED" else "stop"


class GenerationFold:
    """Folds the pieces of an answer from documents."""

    __slots__ = ("_body", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._body: dict[str, object] = {}

    @property
    def complete(self) -> bool | None:
        """Not known: nothing marks the end of the text."""
        return None

    def add(self, chunk: object) -> None:
        """Read one event."""
        event = fields(chunk)
        piece = text(fields(event.get("output")).get("text"))
        if piece:
            self._pieces.append(piece)
        action = text(fields(event.get("guardrail")).get("action"))
        if action:
            self._body["guardrailAction"] = action
        if "error" in event:
            self._body["error"] = event["error"]

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        said = {"output": {"text": "".join(self._pieces)}} if self._pieces else {}
        return {**said, **self._body} or None


GENERATION = Format(
    name="bedrock_generation",
    request=generation_request,
    response=generation_response,
    asks=generation_asks,
    tells=by_table(SESSION),
    fold=lambda: EventStreamFold(GenerationFold()),
    context=generation_context,
    content=generation_content,
    output=generation_output,
)

# -- flows


def flow_context(body: Body) -> Context:
    """Show what the first nodes are given."""
    return Context(messages=list(_documents(body.get("inputs"))))


def flow_content(body: Body) -> Content:
    """Read what the first nodes are given, texts or JSON, as one message of the user."""
    parts = [made for document in _documents(body.get("inputs")) for made in _document(document)]
    return Content(input_messages=[message("user", parts)] if parts else None)


def flow_output(body: Body) -> list[dict[str, object]] | None:
    """Read what came out of the last nodes, or what a node asks the caller for."""
    parts = [made for document in _documents(body.get("outputs")) for made in _document(document)]
    reason = text(body.get("completionReason")) or MISSING_REASON
    return [output_message("assistant", parts, _FLOW_REASONS.get(reason, reason.lower()))] if parts else None


def _documents(sent: object) -> Iterator[object]:
    for one in items(sent):
        document = fields(fields(one).get("content")).get("document")
        if document is not None:
            yield document


def _document(document: object) -> list[Part]:
    return texts_as("text", document if isinstance(document, str) else json.dumps(plain(document)))


_FLOW_REASONS = {"SUCCESS": "stop"}


class FlowFold:
    """Folds the events of a flow: what its nodes give, and why it ends."""

    __slots__ = ("_body", "_outputs")

    def __init__(self) -> None:
        self._outputs: list[object] = []
        self._body: dict[str, object] = {}

    @property
    def complete(self) -> bool:
        """Whether the event that ends a flow came."""
        return "completionReason" in self._body

    def add(self, chunk: object) -> None:
        """Read one event."""
        event = fields(chunk)
        self._outputs += [event[key] for key in ("flowOutputEvent", "flowMultiTurnInputRequestEvent") if key in event]
        self._body.update(fields(event.get("flowCompletionEvent")))
        if "error" in event:
            self._body["error"] = event["error"]

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        return {"outputs": self._outputs, **self._body} if self._outputs or self._body else None


FLOW = Format(
    name="bedrock_flow",
    request=lambda _body: Request(),
    response=lambda body: Response(failure=failure(body.get("error"))),
    fold=lambda: EventStreamFold(FlowFold()),
    context=flow_context,
    content=flow_content,
    output=flow_output,
)

# -- ranks

_RANKING = "rerankingConfiguration"
RANKING_REQUEST: tuple[Rule, ...] = (
    (_RANKING, names.RETRIEVAL_TOP_K, inside("bedrockRerankingConfiguration", inside("numberOfResults", integer))),
)


def _ranking_request(body: Body) -> Request:
    config = fields(fields(body.get(_RANKING)).get("bedrockRerankingConfiguration"))
    model = text(fields(config.get("modelConfiguration")).get("modelArn"))
    return Request(model=model)


RANKING = Format(
    name="bedrock_ranking",
    request=_ranking_request,
    response=lambda _body: Response(),
    asks=by_table(RANKING_REQUEST),
)
