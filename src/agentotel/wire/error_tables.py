"""What SDKs call their failures: one table each, to ``agentotel.error.category``.

Codes are compared in lower case. They do not contradict each other, which a test holds, so that one index serves
all SDKs: an SDK often speaks to another provider's server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

_NOTHING: Final[Mapping[str, str]] = {}


class ErrorTable(NamedTuple):
    """The failures of one SDK.

    Attributes:
        name: Whose they are, for people.
        packages: Roots of the modules of its exceptions.
        codes: Codes, types and status words in bodies and on exceptions.
        classes: Names of exception classes, only where the SDK gives a class no status, or one that no server sent.
        texts: Pieces of messages, in lower case, where neither code nor status says more than that a request is wrong.
        by_status: Whether ``error.type`` is the HTTP status, since one class stands for many.
    """

    name: str
    packages: tuple[str, ...]
    codes: Mapping[str, str] = _NOTHING
    classes: Mapping[str, str] = _NOTHING
    texts: Mapping[str, str] = _NOTHING
    by_status: bool = False


TABLES: Final = (
    ErrorTable(
        name="OpenAI",
        packages=("openai",),
        codes={
            "context_length_exceeded": "context_overflow",
            "string_above_max_length": "context_overflow",
            "content_filter": "content_filter",
            "content_policy_violation": "content_filter",
            "image_content_policy_violation": "content_filter",
            "misalignment_policy_violation": "content_filter",
            "bio_policy": "content_filter",
            "moderation_blocked": "content_filter",
            "insufficient_quota": "quota",
            "billing_hard_limit_reached": "quota",
            "billing_not_active": "quota",
            "rate_limit_exceeded": "rate_limit",
            "invalid_api_key": "auth",
            "invalid_organization": "auth",
            "server_error": "server",
            "engine_overloaded": "server",
            "vector_store_timeout": "timeout",
            "invalid_request_error": "schema",
            "invalid_prompt": "schema",
            "model_not_found": "schema",
            "data_residency_mismatch": "schema",
            "invalid_image": "schema",
            "invalid_image_format": "schema",
            "invalid_base64_image": "schema",
            "invalid_image_url": "schema",
            "invalid_image_mode": "schema",
            "image_too_large": "schema",
            "image_too_small": "schema",
            "image_parse_error": "schema",
            "image_file_too_large": "schema",
            "image_file_not_found": "schema",
            "empty_image_file": "schema",
            "failed_to_download_image": "schema",
            "unsupported_image_media_type": "schema",
        },
        classes={"LengthFinishReasonError": "schema", "ContentFilterFinishReasonError": "content_filter"},
        texts={
            "maximum context length": "context_overflow",
            "context window": "context_overflow",
            "input tokens exceed the configured limit": "context_overflow",
            "rejected as a result of our safety system": "content_filter",
            "violating our usage policy": "content_filter",
        },
    ),
    ErrorTable(
        name="Azure OpenAI",
        packages=("azure",),
        codes={
            "responsibleaipolicyviolation": "content_filter",
            "DeploymentNotFound": "schema",
            "OperationNotSupported": "schema",
            "Unauthorized": "auth",
            "PermissionDenied": "auth",
            "AccessDenied": "auth",
            "NoCapacity": "server",
            "InternalServerError": "server",
            "ServiceUnavailable": "server",
            "Timeout": "timeout",
            "TooManyRequests": "rate_limit",
        },
    ),
    ErrorTable(
        name="Anthropic",
        packages=("anthropic",),
        codes={
            "authentication_error": "auth",
            "permission_error": "auth",
            "billing_error": "quota",
            "rate_limit_error": "rate_limit",
            "timeout_error": "timeout",
            "overloaded_error": "server",
            "api_error": "server",
            "request_too_large": "context_overflow",
            "not_found_error": "schema",
            "conflict_error": "state",
        },
        texts={
            "prompt is too long": "context_overflow",
            "exceed context limit": "context_overflow",
            "credit balance is too low": "quota",
            "blocked by content filtering policy": "content_filter",
        },
    ),
    ErrorTable(
        name="Google Gemini and Vertex AI",
        packages=("google",),
        by_status=True,
        codes={
            "RESOURCE_EXHAUSTED": "rate_limit",
            "INVALID_ARGUMENT": "schema",
            "FAILED_PRECONDITION": "schema",
            "OUT_OF_RANGE": "schema",
            "NOT_FOUND": "schema",
            "UNIMPLEMENTED": "schema",
            "PERMISSION_DENIED": "auth",
            "UNAUTHENTICATED": "auth",
            "DEADLINE_EXCEEDED": "timeout",
            "INTERNAL": "server",
            "UNAVAILABLE": "server",
            "UNKNOWN": "server",
            "DATA_LOSS": "server",
            "ABORTED": "state",
            "ALREADY_EXISTS": "state",
        },
        classes={
            "UnknownFunctionCallArgumentError": "schema",
            "UnsupportedFunctionError": "schema",
            "UnknownApiResponseError": "schema",
            "FunctionInvocationError": "schema",
        },
        texts={
            "exceeds the maximum number of tokens": "context_overflow",
            "api key not valid": "auth",
            "api key expired": "auth",
        },
    ),
    ErrorTable(
        name="Amazon Bedrock",
        packages=("botocore", "boto3", "aiobotocore"),
        codes={
            "ThrottlingException": "rate_limit",
            "TooManyRequestsException": "rate_limit",
            "ServiceQuotaExceededException": "quota",
            "ModelTimeoutException": "timeout",
            "RequestTimeout": "timeout",
            "ModelErrorException": "server",
            "ModelStreamErrorException": "server",
            "ModelNotReadyException": "server",
            "InternalServerException": "server",
            "InternalFailure": "server",
            "ServiceUnavailableException": "server",
            "BadGatewayException": "server",
            "DependencyFailedException": "server",
            "AccessDeniedException": "auth",
            "UnrecognizedClientException": "auth",
            "InvalidSignatureException": "auth",
            "IncompleteSignature": "auth",
            "MissingAuthenticationToken": "auth",
            "ExpiredTokenException": "auth",
            "ExpiredToken": "auth",
            "ValidationException": "schema",
            "ResourceNotFoundException": "schema",
            "ConflictException": "state",
        },
        classes={
            "NoCredentialsError": "auth",
            "PartialCredentialsError": "auth",
            "CredentialRetrievalError": "auth",
            "TokenRetrievalError": "auth",
            "UnauthorizedSSOTokenError": "auth",
            "SSOTokenLoadError": "auth",
            "NoAuthTokenError": "auth",
            "LoginError": "auth",
            "NoRegionError": "schema",
            "ConnectTimeoutError": "timeout",
            "ReadTimeoutError": "timeout",
            "HTTPClientError": "network",
            "IncompleteReadError": "network",
            "SSLError": "network",
        },
        texts={
            "input is too long": "context_overflow",
            "too many input tokens": "context_overflow",
            "maximum tokens you requested exceeds": "context_overflow",
        },
    ),
    ErrorTable(
        name="Mistral",
        packages=("mistralai",),
        codes={
            "invalid_model": "schema",
            "service_tier_capacity_exceeded": "rate_limit",
            "internal_server_error": "server",
        },
        classes={"ResponseValidationError": "schema", "NoResponseError": "network"},
        texts={"too large for model with": "context_overflow"},
    ),
    ErrorTable(
        name="Cohere",
        packages=("cohere",),
        texts={"too many tokens": "context_overflow", "trial key": "quota"},
    ),
    ErrorTable(
        name="Groq",
        packages=("groq",),
        codes={
            "json_validate_failed": "schema",
            "tool_use_failed": "schema",
            "blocked_api_access": "quota",
            "over_capacity": "server",
        },
        texts={"reduce the length of the messages": "context_overflow"},
    ),
    ErrorTable(
        name="Together",
        packages=("together",),
        codes={
            "credit_limit": "quota",
            "rate_limit": "rate_limit",
            "model_rate_limit": "rate_limit",
            "dynamic_request_limited": "rate_limit",
            "dynamic_token_limited": "rate_limit",
            "model_not_available": "schema",
        },
        texts={"tokens + `max_new_tokens`": "context_overflow"},
    ),
    ErrorTable(
        name="Ollama",
        packages=("ollama",),
        codes={"exceed_context_size_error": "context_overflow"},
        classes={"RequestError": "schema"},
        texts={
            "exceeds the available context size": "context_overflow",
            "exceeds the context length": "context_overflow",
        },
    ),
    ErrorTable(
        name="LiteLLM",
        packages=("litellm",),
        classes={
            "ContextWindowExceededError": "context_overflow",
            "ContentPolicyViolationError": "content_filter",
            "BudgetExceededError": "quota",
            "PaymentRequiredError": "quota",
            "Timeout": "timeout",
            "APIConnectionError": "network",
            "GuardrailRaisedException": "guardrail",
            "BlockedPiiEntityError": "guardrail",
            "RejectedRequestError": "guardrail",
            "JSONSchemaValidationError": "schema",
        },
    ),
    ErrorTable(
        name="OpenAI-compatible servers",
        packages=("openai",),
        codes={"insufficient_balance": "quota", "exceeded_current_quota_error": "quota"},
        texts={
            "insufficient balance": "quota",
            "maximum prompt length": "context_overflow",
            "incorrect api key": "auth",
        },
    ),
    ErrorTable(
        name="httpx and httpx2",
        packages=("httpx", "httpx2", "httpcore", "httpcore2"),
        classes={
            "TimeoutException": "timeout",
            "TransportError": "network",
            "DecodingError": "network",
            "UnsupportedProtocol": "schema",
            "InvalidURL": "schema",
        },
    ),
    ErrorTable(
        name="requests and urllib3",
        packages=("requests", "urllib3"),
        classes={
            "NameResolutionError": "network",
            "NewConnectionError": "network",
            "ConnectTimeout": "timeout",
            "Timeout": "timeout",
            "TimeoutError": "timeout",
            "ConnectionError": "network",
            "ChunkedEncodingError": "network",
            "ContentDecodingError": "network",
            "ProtocolError": "network",
            "IncompleteRead": "network",
            "MaxRetryError": "network",
            "ProxyError": "network",
            "SSLError": "network",
            "DecodeError": "network",
            "JSONDecodeError": "schema",
            "InvalidURL": "schema",
            "MissingSchema": "schema",
            "InvalidSchema": "schema",
            "LocationParseError": "schema",
        },
    ),
    ErrorTable(
        name="aiohttp",
        packages=("aiohttp",),
        classes={
            "ServerTimeoutError": "timeout",
            "ClientConnectionError": "network",
            "ClientPayloadError": "network",
            "ContentTypeError": "schema",
            "InvalidURL": "schema",
        },
    ),
    ErrorTable(name="Pydantic", packages=("pydantic_core", "pydantic"), classes={"ValidationError": "schema"}),
    ErrorTable(
        name="Agent frameworks",
        packages=("langgraph", "agents", "pydantic_ai", "crewai"),
        classes={
            "GraphRecursionError": "orchestration",
            "MaxTurnsExceeded": "orchestration",
            "UsageLimitExceeded": "quota",
            "InputGuardrailTripwireTriggered": "guardrail",
            "OutputGuardrailTripwireTriggered": "guardrail",
        },
    ),
)
"""Sources: ``_exceptions`` and ``types`` of openai 3.54, anthropic 2.12, groq 1.7 and together 3.1; Azure OpenAI's and
Together's documented codes; ``google.rpc.Code``; the exceptions in botocore 1.43's models of bedrock-runtime and
bedrock-agent-runtime; ``errors`` of google-genai 3.4, mistralai 3.7, cohere 7.3, ollama 0.6 and litellm 1.106; the
exceptions of httpx 0.28, httpx2 2.16, requests 2.34, urllib3 2.8 and aiohttp 3.14."""

STATUSES: Final[Mapping[int, str]] = {
    400: "schema",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "schema",
    405: "schema",
    408: "timeout",
    409: "state",
    412: "state",
    413: "context_overflow",
    415: "schema",
    422: "schema",
    424: "server",
    429: "rate_limit",
    498: "rate_limit",
    504: "timeout",
}
"""HTTP status codes to categories; other codes from 500 are ``server``. Groq sends 498 where flex capacity is short."""

PARTS: Final[Mapping[str, str]] = {
    "Timeout": "timeout",
    "TimedOut": "timeout",
    "ContentFilter": "content_filter",
    "RateLimit": "rate_limit",
    "Validation": "schema",
    "JSONDecode": "schema",
    "Permission": "auth",
    "Authentication": "auth",
    "Guardrail": "guardrail",
    "Protocol": "network",
    "Connect": "network",
    "ReadError": "network",
    "gaierror": "network",
    "SSLError": "network",
    "InvalidState": "state",
}
"""Parts of the names of any other class, in this order, to categories."""
