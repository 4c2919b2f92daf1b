from __future__ import annotations

from agentotel.wire import logprobs, openai_chat, openai_completions, openai_responses
from agentotel.wire._openai_chat_fold import ChatFold

SENT = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [{"token": "Hey", "logprob": -2}]}
READ = {"token": "Hi", "logprob": -0.5, "top": [{"token": "Hey", "logprob": -2.0}]}
BESIDE = {"tokens": ["Hi", "!"], "token_logprobs": [-0.5, None], "top_logprobs": [{"Hey": -2}, None]}


def test_reads_those_of_chat() -> None:
    body = {"choices": [{"logprobs": {"content": [SENT, {"token": "!"}]}}, {"logprobs": {"refusal": [SENT]}}, {}]}
    assert openai_chat.FORMAT.logprobs(body) == [[READ, {"token": "!", "logprob": None}], [READ], []]


def test_reads_lists_side_by_side() -> None:
    body = {"choices": [{"logprobs": BESIDE}]}
    assert openai_completions.FORMAT.logprobs(body) == [[READ, {"token": "!", "logprob": None}]]


def test_reads_those_of_the_responses_api() -> None:
    body = {"output": [{"type": "reasoning"}, {"content": [{"text": "Hi", "logprobs": [SENT]}, {"logprobs": []}]}]}
    assert openai_responses.FORMAT.logprobs(body) == [[READ]]


def test_says_nothing_where_nothing_was_sent() -> None:
    assert openai_chat.FORMAT.logprobs({"choices": [{"logprobs": None}]}) is None
    assert openai_responses.FORMAT.logprobs({"output": [{"content": [{"text": "Hi"}]}]}) is None
    assert openai_chat.FORMAT.logprobs({}) is None


def test_keeps_the_first_tokens_of_all_choices_together() -> None:
    many = {"content": [SENT] * 700}
    kept = openai_chat.FORMAT.logprobs({"choices": [{"logprobs": many}] * 3})
    assert isinstance(kept, list)
    assert list(map(len, kept)) == [700, logprobs.MOST_TOKENS - 700, 0]


def test_a_stream_gives_what_the_answer_would_have() -> None:
    fold = ChatFold()
    fold.add({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
    for piece in ("Hi", "Hi"):
        told = {"content": [SENT]}
        fold.add({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None, "logprobs": told}]})
    fold.add({"choices": [{"index": 0, "delta": {"content": "!"}, "finish_reason": None}]})
    body = fold.result()
    assert body is not None
    assert openai_chat.FORMAT.logprobs(body) == [[READ, READ]]
    assert body["choices"][0]["message"]["content"] == "HiHi!"  # type: ignore[index]


def test_a_stream_of_a_text_gives_what_the_answer_would_have() -> None:
    fold = openai_completions.CompletionFold()
    for _ in range(2):
        fold.add({"choices": [{"index": 0, "text": "Hi", "logprobs": BESIDE}]})
    fold.add({"choices": [{"index": 1, "text": "Ho"}]})
    body = fold.result()
    assert body is not None
    assert openai_completions.FORMAT.logprobs(body) == [[READ, {"token": "!", "logprob": None}] * 2, []]


def test_a_long_stream_stays_bounded() -> None:
    fold = ChatFold()
    for _ in range(3 * logprobs.MOST_TOKENS):
        fold.add({"choices": [{"index": 0, "delta": {}, "finish_reason": None, "logprobs": {"content": [SENT]}}]})
    body = fold.result()
    assert body is not None
    assert len(body["choices"][0]["logprobs"]["content"]) == logprobs.MOST_TOKENS  # type: ignore[index]
