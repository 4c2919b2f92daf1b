"""The client inside google-genai for interactions and decisions.

Source: ``google/genai/_gaos/basesdk.py`` of google-genai 3.4, by Speakeasy, and ``_interactions/_base_client.py`` of
2.0, by Stainless; the first came with 2.9.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from agentotel.adapters.providers import _stainless
from agentotel.adapters.providers._google_paths import find, target
from agentotel.capture.spec import Hook, Sent

HOOKS: Final = (
    Hook(module="google.genai._gaos.basesdk", owner="BaseSDK", method="do_request"),
    Hook(module="google.genai._gaos.basesdk", owner="AsyncBaseSDK", method="do_request_async"),
    *_stainless.hooks("google.genai._interactions"),
)


def read(kwargs: Mapping[str, Any]) -> Sent | None:
    """Read ``do_request(hook_ctx, request, is_error_status_code, stream, retry_config)``."""
    request, url = kwargs["request"], kwargs["request"].url
    found = find(request.method.lower(), url.path)
    if found is None:
        return None
    config, _codes = kwargs.get("retry_config") or (None, None)
    return Sent(
        call=found[0],
        target=target(url.host, url, vertex="/projects/" in url.path),
        body={**(json.loads(request.content) if request.content else dict(url.params)), **found[1]},
        retry_limit=0 if config is None else config.max_retries,
        timeout_s=request.extensions.get("timeout", {}).get("read"),
    )


def read_older(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read ``request(cast_to, options, *, stream, stream_cls)``."""
    options, url = args[1] if len(args) > 1 else kwargs["options"], client.base_url
    found = find(options.method.lower(), options.url.partition("?")[0])
    if found is None:
        return None
    limit = options.max_retries
    return Sent(
        call=found[0],
        target=target(url.host, url, vertex="/projects/" in options.url),
        body={**(options.json_data or options.params), **found[1]},
        retry_limit=limit if isinstance(limit, int) else client.max_retries,
        timeout_s=_stainless.seconds(options.timeout, client),
        http_client=client._client,  # noqa: SLF001 - what sends the attempts
    )
