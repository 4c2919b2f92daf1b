from __future__ import annotations

from agentotel.wire.headers import HeaderFacts, wanted


def test_headers_of_bedrock() -> None:
    """The wait is in milliseconds, as botocore 1.44 reads it."""
    facts = HeaderFacts(wanted([(b"x-amzn-RequestId", b"r1"), (b"x-amz-retry-after", b"1500")]), at_ns=0)
    assert (facts.request_id, facts.retry_after_s, facts.limits()) == ("r1", 1.5, {})
