"""Operations of the conventions, in groups."""

from __future__ import annotations

from typing import Final

INFERENCE: Final = frozenset({"chat", "generate_content", "text_completion"})
"""Values of ``gen_ai.operation.name`` that are model inference."""

NAMELESS: Final = frozenset({"embeddings"})
"""Operations whose answers have no id in the conventions."""
