"""The types by their token: one table for each service."""

from collections.abc import Mapping

from ..table import Type
from . import apigatewayv2, events, iam, lambda_, logs, secretsmanager, sqs

TYPES: Mapping[str, Type] = {
    each.token: each
    for tables in (apigatewayv2, events, iam, lambda_, logs, secretsmanager, sqs)
    for each in tables.TYPES
}
