"""Time of importing agentotel beyond what an application imports anyway, each in a fresh process.

Run: ``python -m tests.benchmarks.bench_import``
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

CASES = {
    "import agentotel, beyond import opentelemetry.trace (15 ms)": ("import opentelemetry.trace", "import agentotel"),
    "first use of agentotel.session, beyond import opentelemetry.trace": (
        "import opentelemetry.trace",
        "import agentotel; agentotel.session",
    ),
    "import agentotel + instrument(), beyond import opentelemetry.sdk.trace (60 ms)": (
        "import opentelemetry.sdk.trace",
        "import agentotel; agentotel.instrument()",
    ),
    "import agentotel + init(), beyond import opentelemetry.sdk.trace": (
        "import opentelemetry.sdk.trace",
        "import agentotel; agentotel.init()",
    ),
}
"""What is measured: what the process has imported before, and the code that is timed."""

SCRIPT = """
import time
{before}
started = time.perf_counter()
{timed}
ended = time.perf_counter()
print((ended - started) * 1000)
"""


def once(before: str, timed: str) -> float:
    """Give the milliseconds of ``timed`` in a process that has run ``before``."""
    script = SCRIPT.format(before=before, timed=timed)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout)


def bench_import(rounds: int = 15) -> dict[str, tuple[float, float]]:
    """Give the least and the median of the milliseconds of each case; the cases take turns."""
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(rounds + 1):
        for name, (before, timed) in CASES.items():
            times[name].append(once(before, timed))
    return {name: (min(found[1:]), median(found[1:])) for name, found in times.items()}


if __name__ == "__main__":
    for case, (least, middle) in bench_import().items():
        print(f"{least:7.1f} ms least, {middle:7.1f} ms median  {case}")
