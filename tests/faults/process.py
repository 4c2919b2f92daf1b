"""A whole process of an application: set-up, a call, a fork, a flush, a second set-up and the end, with one fault.

    python -m tests.faults.process http://127.0.0.1:1234 export.flush

Prints what the application saw, and for each site how often a fault was raised and how often it was counted.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
from collections import Counter
from typing import Any

import pytest
from opentelemetry import metrics

import agentotel
from agentotel._core import guard
from tests.conventions.provider import Provider, chat
from tests.faults.injected import replace_site

raised: Counter[str] = Counter()
seen: list[Any] = []
PARENT = os.getpid()


def break_site(name: str) -> None:
    """Raise in the place of what a site guards."""
    site = guard.site(name)

    def fail() -> None:
        raised[name] += 1
        raise LookupError(name)

    replace_site(name, lambda _function, *_args: site(fail), pytest.MonkeyPatch())


def counted() -> dict[str, list[int]]:
    """Give for each site how often a fault was raised and how often it was counted."""
    counts = guard.counts()
    return {name: [raised[name], counts.get(name, 0)] for name in {*raised, *counts}}


def report(child: dict[str, list[int]]) -> None:
    if os.getpid() == PARENT:
        print(json.dumps([seen, {**child, **counted()}]))


def main(backend: str, site: str) -> None:
    of_child: dict[str, list[int]] = {}
    atexit.register(report, of_child)  # runs last: what is registered later runs first
    if site:
        break_site(site)
    agentotel.instrument()
    agentotel.uninstrument()
    agentotel.init(service_name="faults", endpoint=backend, shutdown_timeout_s=2, timeout_s=1)
    import openai

    with Provider() as server, agentotel.session():
        server.line_up(chat("there"))
        http = openai.DefaultHttpxClient(trust_env=False, verify=False)
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="k", http_client=http)
        answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "?"}])
        seen.append(answer.choices[0].message.content)
    incoming, outgoing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(outgoing, json.dumps(counted()).encode())
        os._exit(0)
    seen.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    of_child.update(json.loads(os.read(incoming, 1 << 16)))
    seen.append(agentotel.flush() in {True, False})
    metrics.get_meter("another library").create_observable_gauge("level")
    agentotel.shutdown()
    agentotel.init(service_name="faults again", endpoint=backend, shutdown_timeout_s=2, timeout_s=1)


if __name__ == "__main__":
    logging.basicConfig()
    main(*sys.argv[1:])
