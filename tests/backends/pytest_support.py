"""What a test does when a backend is missing."""

from __future__ import annotations

import os
from typing import Final

import pytest

from tests.backends.errors import BackendUnavailable
from tests.backends.install import jaeger_binary, phoenix_python, prometheus_binary, promtool_binary

_FINDERS: Final = {
    "jaeger": (jaeger_binary,),
    "collector": (jaeger_binary,),
    "prometheus": (prometheus_binary, promtool_binary),
    "phoenix": (phoenix_python,),
}


def require(name: str) -> None:
    """Skip the test when a backend is missing on a developer's machine; fail it in CI.

    Args:
        name: ``"jaeger"``, ``"collector"``, ``"prometheus"`` or ``"phoenix"``.
    """
    missing = _missing(name)
    if missing is None:
        return
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def _missing(name: str) -> str | None:
    try:
        for find in _FINDERS[name]:
            find()
    except BackendUnavailable as error:
        return str(error)
    return None
