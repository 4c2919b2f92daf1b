"""Messages of an AWS event stream, written by hand."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any


def frame(kind: str, payload: Any, *, exception: bool = False) -> bytes:
    """Make a message of an AWS event stream."""
    names = {":exception-type": kind, ":message-type": "exception"} if exception else {}
    headers = names or {":event-type": kind, ":message-type": "event"}
    head = b"".join(
        bytes([len(name)]) + name.encode() + b"\7" + struct.pack(">H", len(value)) + value.encode()
        for name, value in {**headers, ":content-type": "application/json"}.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + body
    return message + struct.pack(">I", zlib.crc32(message))
