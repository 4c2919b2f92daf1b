from __future__ import annotations

from agentotel.wire import openai_chat, openai_embeddings, sameness


def test_what_has_no_messages_is_told_by_its_body() -> None:
    body = {"model": "m", "input": "Hello", "dimensions": 8}
    assert sameness.asked(openai_embeddings.FORMAT, body) == {"input": "Hello", "dimensions": 8}


def test_model_and_parameters_do_not_count() -> None:
    asked = {"messages": [{"role": "user", "content": "Hello"}]}
    one = sameness.asked(openai_chat.FORMAT, {**asked, "model": "a", "temperature": 0.1, "tools": []})
    other = sameness.asked(openai_chat.FORMAT, {**asked, "model": "b", "stream": True})
    assert one == other


def test_instructions_of_a_developer_are_system_text() -> None:
    said = {"role": "user", "content": "Hello"}
    told = [
        sameness.asked(openai_chat.FORMAT, {"messages": [{"role": role, "content": "Be brief."}, said]})
        for role in ("system", "developer", "user")
    ]
    assert told[0] == told[1] != told[2]
