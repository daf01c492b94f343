"""Credentials that can't be sent, on the operator's side: one line, which quotes none of them."""

import pytest
from botocore.exceptions import HTTPClientError

from ops.aws import Aws, AwsError, asking
from ops.errors import StackError

SECRET = "canary-of-the-token"


def test_a_line_break_in_a_credential_of_the_environment_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{SECRET}\n{SECRET}")
    with pytest.raises(StackError) as caught:
        Aws({"aws:region": "us-east-1"})
    assert str(caught.value).startswith("AWS_SESSION_TOKEN has a line break or another control character inside")


def test_an_error_that_may_quote_a_header_is_not_quoted() -> None:
    with pytest.raises(AwsError) as caught, asking():
        raise HTTPClientError(error=ValueError(f"Invalid header value b'{SECRET}'"))
    assert str(caught.value).startswith("the request to AWS could not be sent: ")
    assert SECRET not in str(caught.value)
