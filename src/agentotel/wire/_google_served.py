"""What a Gemini answer tells beside its text: tools that Google ran, and log probabilities.

Source: ``Candidate`` and ``GroundingMetadata`` in ``google/genai/types.py`` of google-genai 3.4;
https://ai.google.dev/gemini-api/docs/google-search#pricing: from Gemini 3 on each search is billed, before that each
answer that searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentotel.facts.call import ServerToolUse
from agentotel.wire._google import get
from agentotel.wire.format import Body, fields
from agentotel.wire.logprobs import MOST_TOKENS, Entry, bounded
from agentotel.wire.read import items, number, text

_SEARCH, _RETRIEVAL, _PAGES, _CODE = "google_search", "retrieval", "url_context", "code_execution"
_GENERATION = re.compile(r"gemini-(\d+)")
_BILLED_BY_SEARCH = 3


def uses(candidates: Iterable[Body]) -> tuple[ServerToolUse, ...]:
    """List the uses of tools that Google ran: what the parts tell, else what the metadata of the answer does."""
    found: list[ServerToolUse] = []
    for candidate in candidates:
        said = list(_of_parts([fields(part) for part in items(fields(candidate.get("content")).get("parts"))]))
        kinds = {use.kind.removesuffix("_web").removesuffix("_image") for use in said}
        found += said
        found += (use for use in _of_metadata(candidate) if use.kind not in kinds)
    return tuple(found)


def searches(candidates: Iterable[Body], model: str | None) -> int | None:
    """Count the searches that are billed; None where there are none, or where the model does not tell how."""
    queries = [
        query
        for candidate in candidates
        for query in items(get(fields(get(candidate, "groundingMetadata")), "webSearchQueries"))
    ]
    return billed(len(queries), model)


def billed(count: int, model: str | None) -> int | None:
    """Count what is billed of so many searches: all of them, or one for the answer."""
    generation = _GENERATION.search(model or "")
    if not count or generation is None:
        return None
    return count if int(generation[1]) >= _BILLED_BY_SEARCH else 1


def logprobs(body: Body) -> list[list[Entry]] | None:
    """Read the log probabilities of each candidate."""
    results = [fields(get(fields(candidate), "logprobsResult")) for candidate in items(body.get("candidates"))]
    return bounded(_tokens(result) for result in results) if any(results) else None


def _tokens(result: Body) -> list[Entry]:
    chosen = items(get(result, "chosenCandidates"))[:MOST_TOKENS]
    others = [items(fields(step).get("candidates")) for step in items(get(result, "topCandidates"))[:MOST_TOKENS]]
    made = [_token(one) for one in chosen]
    for entry, top in zip(made, others, strict=False):
        if top:
            entry["top"] = [_token(one) for one in top]
    return made


def _token(sent: object) -> Entry:
    one = fields(sent)
    return {"token": text(one.get("token")) or "", "logprob": number(get(one, "logProbability"))}


def _of_parts(parts: list[Body]) -> Iterator[ServerToolUse]:
    outcomes = iter([fields(one) for part in parts if (one := get(part, "codeExecutionResult")) is not None])
    for part in parts:
        code, call = get(part, "executableCode"), fields(get(part, "toolCall"))
        if code is not None:
            status = text(next(outcomes, {}).get("outcome"))
            yield ServerToolUse(kind=_CODE, name=_CODE, id=text(fields(code).get("id")), status=status)
        if call:
            kind = (text(get(call, "toolType")) or "unknown").lower()
            yield ServerToolUse(kind=kind, name=kind, id=text(call.get("id")))


def _of_metadata(candidate: Body) -> Iterator[ServerToolUse]:
    grounding = fields(get(candidate, "groundingMetadata"))
    for key, kind in (("webSearchQueries", _SEARCH), ("retrievalQueries", _RETRIEVAL)):
        for _query in items(get(grounding, key)):
            yield ServerToolUse(kind=kind, name=kind)
    for page in items(get(fields(get(candidate, "urlContextMetadata")), "urlMetadata")):
        yield ServerToolUse(kind=_PAGES, name=_PAGES, status=text(get(fields(page), "urlRetrievalStatus")))
