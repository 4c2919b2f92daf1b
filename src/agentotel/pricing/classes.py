"""The classes of tokens that can have a price of their own, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["CLASSES", "TOTALS", "TokenClass"]


class TokenClass(NamedTuple):
    """One class of tokens.

    ``name`` is the word of overrides, ``field`` the ``Usage`` field that counts the class (None
    where no provider reports it to us), ``price`` the key of genai-prices, and ``inside`` the
    classes it is a part of, the one that lends it a price first. A class inside two classes
    that do not contain each other is their overlap.
    """

    name: str
    field: str | None
    price: str
    inside: tuple[str, ...] = ()


CLASSES: Final = tuple(
    TokenClass(*row)
    for row in (
        ("input", "input_tokens", "input_mtok"),
        ("cache_read", "cache_read_tokens", "cache_read_mtok", ("input",)),
        ("cache_write", "cache_write_tokens", "cache_write_mtok", ("input",)),
        ("cache_write_1h", "cache_write_1h_tokens", "cache_write_1h_mtok", ("cache_write", "input")),
        ("text_input", "text_input_tokens", "input_text_mtok", ("input",)),
        ("audio_input", "audio_input_tokens", "input_audio_mtok", ("input",)),
        ("image_input", "image_input_tokens", "input_image_mtok", ("input",)),
        ("text_cache_read", "text_cache_read_tokens", "cache_text_read_mtok", ("cache_read", "text_input", "input")),
        (
            "audio_cache_read",
            "audio_cache_read_tokens",
            "cache_audio_read_mtok",
            ("cache_read", "audio_input", "input"),
        ),
        (
            "image_cache_read",
            "image_cache_read_tokens",
            "cache_image_read_mtok",
            ("cache_read", "image_input", "input"),
        ),
        ("video_input", "video_input_tokens", "input_video_mtok", ("input",)),
        (
            "video_cache_read",
            "video_cache_read_tokens",
            "cache_video_read_mtok",
            ("cache_read", "video_input", "input"),
        ),
        ("text_cache_write", None, "cache_text_write_mtok", ("cache_write", "text_input", "input")),
        ("audio_cache_write", None, "cache_audio_write_mtok", ("cache_write", "audio_input", "input")),
        ("image_cache_write", None, "cache_image_write_mtok", ("cache_write", "image_input", "input")),
        ("video_cache_write", None, "cache_video_write_mtok", ("cache_write", "video_input", "input")),
        ("output", "output_tokens", "output_mtok"),
        ("reasoning", "reasoning_tokens", "output_reasoning_mtok", ("output",)),
        ("text_output", "text_output_tokens", "output_text_mtok", ("output",)),
        ("audio_output", "audio_output_tokens", "output_audio_mtok", ("output",)),
        ("image_output", "image_output_tokens", "output_image_mtok", ("output",)),
        ("video_output", "video_output_tokens", "output_video_mtok", ("output",)),
        ("text_reasoning", None, "output_text_reasoning_mtok", ("reasoning", "text_output", "output")),
        ("audio_reasoning", None, "output_audio_reasoning_mtok", ("reasoning", "audio_output", "output")),
        ("image_reasoning", None, "output_image_reasoning_mtok", ("reasoning", "image_output", "output")),
        ("video_reasoning", None, "output_video_reasoning_mtok", ("reasoning", "video_output", "output")),
    )
)
"""Every class, a class before its parts.

Source: genai-prices 0.2.3, ``data_units.py`` (units of family ``tokens`` and their dimensions).
"""

SEARCHES: Final[Mapping[str, str | None]] = {
    "web_searches": "web_searches_kcount",
    "storage_searches": "storage_searches_kcount",
    "search_units": None,
}
"""Fields of ``Usage`` that count what is billed by the search, and the keys of genai-prices for a thousand of them:
None where it has none."""

TOTALS: Final = ("input", "output")
"""The two classes that hold all others."""
