"""The types by their token: a module for each service, a table for each type.

A new type is a `Type` here and a `Case` in tests/sandbox/aws_plugin/test_life_cycle.py. What replaces (Terraform's
ForceNew), what is computed, defaults, ids and rules are those of hashicorp/terraform-provider-aws, internal/service/.
"""

from collections.abc import Mapping

from ..table import Type
from . import apigatewayv2, cloudwatch, events, iam, lambda_, logs, secretsmanager, sqs

TYPES: Mapping[str, Type] = {
    each.token: each
    for tables in (apigatewayv2, cloudwatch, events, iam, lambda_, logs, secretsmanager, sqs)
    for each in tables.TYPES
}
