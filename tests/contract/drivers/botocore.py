"""boto3, whose calls are botocore's."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from tests.contract.drivers._bedrock import ERRORS, REQUESTS, endpoints, options
from tests.contract.drivers._spec import Driver, Settings

SESSION = boto3.Session()


def client(settings: Settings) -> Any:
    given = options(settings)
    return SESSION.client("bedrock-runtime", **{**given, "config": Config(**given["config"])})


DRIVER = Driver(
    package="botocore",
    distribution="boto3",
    flavours=("sync",),
    request_ids=("x-amzn-requestid",),
    requests=REQUESTS,
    errors={
        **ERRORS,
        "stream_timeout": "urllib3.exceptions.ReadTimeoutError",
        "refused": "urllib3.exceptions.NewConnectionError",
        "reset": "urllib3.exceptions.ProtocolError",
    },
    endpoints=endpoints(client),
)
