"""A function's resource policy."""

from typing import Any

import pytest

from sandbox.aws.permission import allows, arn_like

SOURCE = "arn:aws:execute-api:us-east-1:000000000000:api/$default/POST/genesys"


def function(**changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:000000000000:api/*/POST/genesys"}},
    }
    return {"policy": {"Statement": [{**statement, **changes}]}}


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Condition": {}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "000000000000"}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "111111111111"}}}, False),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:*:other/*"}}}, False),
        ({"Action": "lambda:*"}, True),
        ({"Action": "lambda:GetFunction"}, False),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "000000000000"}}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_what_it_allows(changes: dict[str, Any], allowed: bool) -> None:
    assert allows(function(**changes), "apigateway.amazonaws.com", "lambda:InvokeFunction", SOURCE) is allowed


@pytest.mark.parametrize(
    ("pattern", "like"),
    [
        ("arn:aws:execute-api:us-east-1:000000000000:api/*/*", True),
        ("arn:aws:execute-api:*:*:api/$default/POST/genesys", True),
        ("arn:aws:execute-api:*:api/$default/POST/genesys", False),  # a star doesn't span parts
        ("arn:aws:execute-api:us-east-1:000000000000:api/[$]default/POST/genesys", False),
        ("*", False),
    ],
)
def test_arns_are_compared_part_by_part(pattern: str, like: bool) -> None:
    assert arn_like(SOURCE, pattern) is like
