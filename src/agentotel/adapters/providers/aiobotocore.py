"""aiobotocore: botocore with awaitable calls.

Source: ``aiobotocore/client.py``, ``aiobotocore/eventstream.py`` and ``aiobotocore/response.py`` of 2.25 and 3.10.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agentotel.adapters.providers import bedrock
from agentotel.capture.spec import Hook

ADAPTER: Final = replace(
    bedrock.ADAPTER,
    package="aiobotocore",
    oldest=(2, 25),
    below=(4,),
    hooks=(Hook(module="aiobotocore.client", owner="AioBaseClient", method="_make_api_call"),),
)
