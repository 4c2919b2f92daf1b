"""The resolved settings of one ``init()``, as immutable values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

SignalName = Literal["traces", "metrics", "logs"]
Protocol = Literal["grpc", "http/protobuf", "http/json"]
AttributeValue = str | bool | int | float


class ContentMode(StrEnum):
    """Where messages, instructions, tool definitions, arguments and results go.

    Source: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT of opentelemetry-util-genai.
    """

    NO_CONTENT = "NO_CONTENT"
    SPAN_ONLY = "SPAN_ONLY"
    EVENT_ONLY = "EVENT_ONLY"
    SPAN_AND_EVENT = "SPAN_AND_EVENT"

    @property
    def on_spans(self) -> bool:
        """Whether content is written to span attributes."""
        return self in {ContentMode.SPAN_ONLY, ContentMode.SPAN_AND_EVENT}

    @property
    def on_events(self) -> bool:
        """Whether content is written to log events."""
        return self in {ContentMode.EVENT_ONLY, ContentMode.SPAN_AND_EVENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings:
    """How one signal leaves the process.

    Attributes:
        name: ``traces``, ``metrics`` or ``logs``.
        exporters: Names of exporters, such as ``("otlp",)``; empty when the signal is not exported.
        endpoint: The URL to send to, with its path for HTTP; None when OTLP is not among the exporters.
        protocol: The OTLP protocol.
        headers: Headers to send, names in lower case. Never printed.
        timeout_s: Limit of one export with its retries, in seconds; None leaves it to the exporter (10 s).
        asked: True when an argument named the exporters or the protocol, so that one that is not there is an error.
        declined: True when the exporter was named ``none``: that nothing is sent is no surprise.
    """

    name: SignalName
    exporters: tuple[str, ...] = ()
    endpoint: str | None = None
    protocol: Protocol = "http/protobuf"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float | None = None
    asked: bool = False
    declined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that ``init()`` was told, resolved once. The table ``SETTINGS`` explains each field."""

    service_name: str | None = None
    resource: Mapping[str, AttributeValue] = field(default_factory=dict)
    disabled: bool = False
    traces: SignalSettings = SignalSettings(name="traces")
    metrics_export: SignalSettings = SignalSettings(name="metrics")
    logs: SignalSettings = SignalSettings(name="logs")
    shutdown_timeout_s: float = 5.0
    content: ContentMode = ContentMode.NO_CONTENT
    capture_reasoning: bool = True
    stream_usage: Literal["auto", "always", "never"] = "auto"
    console: bool = False
    metrics: Literal["shipped", "spec"] = "shipped"
    events: Literal["spans", "logs", "both"] = "spans"
    prices: Mapping[str, object] | str | os.PathLike[str] | None = None
    hash_key: bytes | None = field(default=None, repr=False)
    ignored_hosts: tuple[str, ...] = ()
    metric_cardinality: int = 1000

    @property
    def signals(self) -> tuple[SignalSettings, SignalSettings, SignalSettings]:
        """Traces, metrics and logs, in this order."""
        return self.traces, self.metrics_export, self.logs
