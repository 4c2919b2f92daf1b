"""OTLP endpoints: what to append, and which protocol an address means.

Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ (1.4x), "Endpoint URLs for OTLP/HTTP".
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from agentotel.config.settings import Protocol, SignalName

_SIGNAL_PATH = re.compile(r"/v1/(?:traces|metrics|logs)/?$")
_GRPC_PORT = 4317
_DEFAULT_GRPC = "http://localhost:4317"
_DEFAULT_HTTP = "http://localhost:4318"


def guess_protocol(endpoint: str | None) -> Protocol:
    """Return the protocol of an endpoint that names none: grpc for port 4317, else http/protobuf.

    A path such as ``/v1/traces`` is HTTP at any port.
    """
    if endpoint is None:
        return "http/protobuf"
    parts = urlsplit(endpoint)
    grpc = parts.port == _GRPC_PORT and not _SIGNAL_PATH.search(parts.path)
    return "grpc" if grpc else "http/protobuf"


def signal_url(endpoint: str | None, signal: SignalName, *, protocol: str) -> str:
    """Return where one signal goes, given the endpoint of all of them.

    ``http://host:4318`` and ``http://host:4318/v1/traces`` both give ``http://host:4318/v1/logs`` for
    logs; gRPC keeps the address only. None is the default address of the protocol.
    """
    base = endpoint or (_DEFAULT_GRPC if protocol == "grpc" else _DEFAULT_HTTP)
    scheme, netloc, path, query, _ = urlsplit(base)
    if protocol == "grpc":
        return urlunsplit((scheme, netloc, "", "", ""))
    path = _SIGNAL_PATH.sub("", path).rstrip("/")
    return urlunsplit((scheme, netloc, f"{path}/v1/{signal}", query, ""))


def without_secrets(endpoint: str) -> str:
    """Leave user, password and query out of a URL."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else endpoint
