"""A Prometheus that scrapes every second."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote

from tests.backends.install import prometheus_binary
from tests.backends.loopback import HOST, answers, get_json
from tests.backends.polling import poll
from tests.backends.process import Launch, Server, serve

_START_TIMEOUT_S: Final = 30.0
# Ten of them until a new target is scraped: Prometheus looks at its targets every five.
_WAIT_S: Final = 25.0
_TARGETS: Final = "targets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of an instant query.

    Attributes:
        metric: Its labels; the name is ``__name__``.
        value: Its value now; Prometheus's ``NaN`` and ``+Inf`` are those of Python.
    """

    metric: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A running Prometheus.

    Attributes:
        url: The base URL of its API and page.
        server: The process and its log.
    """

    url: str
    server: Server

    def scrape(self, target: str) -> None:
        """Read ``/metrics`` of one more ``host:port``; takes effect within about ten seconds."""
        path = self.server.directory / _TARGETS
        known = cast("list[dict[str, list[str]]]", json.loads(path.read_text(encoding="utf-8")))[0]["targets"]
        _write_targets(self.server.directory, [*known, target])

    def query(self, promql: str) -> list[Sample]:
        """Return the series that an instant query finds now; a scalar is one series without labels.

        Raises:
            HttpStatusError: The expression is wrong.
        """
        answer = cast("dict[str, dict[str, object]]", get_json(f"{self.url}/api/v1/query?query={quote(promql)}"))
        data = answer["data"]
        if data["resultType"] == "scalar":
            return [Sample(metric={}, value=float(cast("list[str]", data["result"])[1]))]
        series = cast("list[dict[str, object]]", data["result"])
        return [
            Sample(metric=cast("dict[str, str]", each["metric"]), value=float(cast("list[str]", each["value"])[1]))
            for each in series
        ]

    def wait_query(self, promql: str, minimum_series: int = 1, timeout_s: float = _WAIT_S) -> list[Sample]:
        """Return the series of a query once there are that many; put a condition on the value into the query.

        Raises:
            TimeoutError: There are not within the time.
        """
        return poll(
            lambda: self.query(promql),
            lambda series: len(series) >= minimum_series,
            timeout_s=timeout_s,
            what=f"{minimum_series} series of {promql}",
        )


@contextmanager
def prometheus(*, scrape: Sequence[str] = (), rules: Sequence[Path] = ()) -> Iterator[Prometheus]:
    """Run a Prometheus whose data goes with it.

    Labels that a target sets win over those of the scrape, so ``job`` is the service's name for a Collector.

    Args:
        scrape: ``host:port`` targets; `Prometheus.scrape` adds more later.
        rules: Rule files, evaluated every second.

    Raises:
        BackendUnavailable: It is not installed.
        BackendFailedError: It does not start, for example because of a wrong rule.
    """
    binary = prometheus_binary()

    def plan(directory: Path, ports: list[int]) -> Launch:
        _write_targets(directory, scrape)
        path = directory / "configuration.yaml"
        # JSON is YAML.
        path.write_text(json.dumps(_configuration(rules), indent=1), encoding="utf-8")
        return Launch(
            command=[
                str(binary),
                f"--config.file={path}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={HOST}:{ports[0]}",
                "--enable-feature=exemplar-storage",
            ],
            ready=lambda: answers(f"http://{HOST}:{ports[0]}/-/ready"),
            environment={},
        )

    with serve("prometheus", plan, ports=1, timeout_s=_START_TIMEOUT_S) as (server, ports):
        yield Prometheus(url=f"http://{HOST}:{ports[0]}", server=server)


def _configuration(rules: Sequence[Path]) -> dict[str, object]:
    targets = {"files": [_TARGETS], "refresh_interval": "1s"}
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rule.absolute()) for rule in rules],
        "scrape_configs": [{"job_name": "agentotel", "honor_labels": True, "file_sd_configs": [targets]}],
    }


def _write_targets(directory: Path, targets: Sequence[str]) -> None:
    # Renamed into place: Prometheus may read at any moment.
    new = directory / f"{_TARGETS}.new"
    new.write_text(json.dumps([{"targets": list(targets)}]), encoding="utf-8")
    new.replace(directory / _TARGETS)
