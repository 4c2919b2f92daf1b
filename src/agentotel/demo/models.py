"""The models that the desk works with: emulated ones, or real ones by the keys at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from agentotel.demo.chat import AnthropicChat, Model, OpenAIChat
from agentotel.demo.emulator import Emulator
from agentotel.errors import CommandError

OPENAI_MODEL = "gpt-5-mini"
ANTHROPIC_MODEL = "claude-haiku-4-5"
_KEY_OF_NOBODY = "the-emulator-asks-for-no-key"


@contextmanager
def emulated(*, fast: bool = False) -> Iterator[tuple[Model, Model]]:
    """Give the models for triage and for refunds, played by an emulator while the block runs.

    ``fast`` leaves out the pauses with which the emulator answers.
    """
    import anthropic  # noqa: PLC0415 - an optional dependency, and slow to import
    import openai  # noqa: PLC0415

    # trust_env=False: a proxy of the environment cannot reach this machine's loopback.
    with (
        Emulator(latency_s=0, chunk_delay_s=0) if fast else Emulator() as emulator,
        openai.OpenAI(
            base_url=emulator.openai_url,
            api_key=_KEY_OF_NOBODY,
            http_client=openai.DefaultHttpxClient(trust_env=False),
        ) as openai_client,
        anthropic.Anthropic(
            base_url=emulator.anthropic_url,
            api_key=_KEY_OF_NOBODY,
            http_client=anthropic.DefaultHttpxClient(trust_env=False),
        ) as anthropic_client,
    ):
        yield (
            partial(OpenAIChat, openai_client, OPENAI_MODEL),
            partial(AnthropicChat, anthropic_client, ANTHROPIC_MODEL),
        )


@contextmanager
def live(environ: Mapping[str, str]) -> Iterator[tuple[Model, Model]]:
    """Give the models for triage and for refunds of the providers that ``environ`` has keys for.

    With the key of one provider only, its model takes both roles.

    Raises:
        CommandError: There is no key.
    """
    found: list[Model] = []
    if environ.get("OPENAI_API_KEY"):
        import openai  # noqa: PLC0415 - an optional dependency, and slow to import

        found.append(partial(OpenAIChat, openai.OpenAI(), OPENAI_MODEL))
    if environ.get("ANTHROPIC_API_KEY"):
        import anthropic  # noqa: PLC0415

        found.append(partial(AnthropicChat, anthropic.Anthropic(), ANTHROPIC_MODEL))
    if not found:
        message = "--live needs a key: set OPENAI_API_KEY, ANTHROPIC_API_KEY or both."
        raise CommandError(message)
    yield found[0], found[-1]
