from __future__ import annotations

from datetime import UTC, datetime

from agentotel.wire.headers import HeaderFacts, read_headers


def test_headers_of_bedrock() -> None:
    """The wait is in milliseconds, as botocore 1.44 reads it."""
    sent = [(b"x-amzn-RequestId", b"r1"), (b"x-amz-retry-after", b"1500")]
    assert read_headers(sent, now=datetime.now(UTC)) == HeaderFacts(request_id="r1", retry_after_s=1.5)
