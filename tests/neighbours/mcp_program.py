"""Calls tools of a real MCP server beside the library, and prints what the client recorded.

python -m tests.neighbours.mcp_program <before | after | alone> <stdio | streamable-http>
python -m tests.neighbours.mcp_program serve <stdio | streamable-http> [port]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from opentelemetry import trace

from tests.neighbours import program

HERE: Final = "tests.neighbours.mcp_program"
START_S: Final = 20.0


def serve(transport: str, port: str = "0") -> None:
    """Serve one tool that gives its arguments' sum, and the span that it runs in."""
    from mcp.server.mcpserver import MCPServer

    program.use_providers()
    server = MCPServer("desk")

    @server.tool()
    def add(a: int, b: int) -> dict[str, Any]:
        around: Any = trace.get_current_span()
        return {
            "sum": a + b,
            "trace": format(around.context.trace_id, "032x"),
            "parent": format(around.parent.span_id, "016x"),
            "attributes": dict(around.attributes),
        }

    if transport == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", port=int(port))


def main(order: str, transport: str) -> None:
    """Call the tool inside a tool of the library's, and by itself."""
    program.use_providers()
    if order == "before":
        program.instrument()
    import mcp  # noqa: F401 - the neighbour, which traces by itself

    if order == "after":
        program.instrument()
    with _server(transport) as server:
        found = asyncio.run(_call(server, alone=order == "alone"))
    if order != "alone":
        program.flush()
    print(json.dumps({"spans": program.spans(), "metrics": [*program.points()], "answers": found}))


async def _call(server: Any, *, alone: bool) -> list[Any]:
    from mcp import Client

    async with Client(server) as client:

        async def add(a: int, b: int) -> Any:
            return (await client.call_tool("add", {"a": a, "b": b})).structured_content

        if alone:
            return [await add(1, 2), await add(3, 4)]
        import agentotel

        with agentotel.session("s-1"):
            return [await agentotel.tool(add)(1, 2), await add(3, 4)]


@contextlib.contextmanager
def _server(transport: str) -> Iterator[Any]:
    """Give what a client connects to: parameters of a subprocess, or the address of one that listens."""
    from mcp import StdioServerParameters

    command = [sys.executable, "-m", HERE, "serve", transport]
    if transport == "stdio":
        yield StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _listening(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def _listening(port: int) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    (serve if sys.argv[1] == "serve" else main)(*sys.argv[2 if sys.argv[1] == "serve" else 1 :])
