"""The one way to AWS: calls by name, errors as one line."""

import threading
from functools import cached_property
from typing import Any

from .config import Config
from .errors import AwsError, PluginError
from .table import Props

CALLS_AT_ONCE = 32
"""As many as the engine makes, and more: it asks for four times the processors."""


class Cloud:
    """AWS at the endpoints of the provider's config. Used by the server's threads together."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.region = config.region
        self.tags = config.default_tags
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # making a client is not safe in threads; using one is

    def call(self, service: str, operation: str, params: Props) -> Props:
        """boto3's answer to the operation, spelt as boto3 does: `put_rule`."""
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

        client = self._client(service)
        name = client.meta.method_to_api_mapping[operation]
        try:
            answer: Props = getattr(client, operation)(**params)
        except ClientError as error:
            said = error.response["Error"]
            raise AwsError(name, said.get("Code", "?"), said.get("Message", "")) from None
        except EndpointConnectionError:
            at = self.config.endpoints[service]
            raise PluginError(f'no AWS answers at {at}: start the sandbox with "make sandbox"') from None
        except BotoCoreError as error:
            raise AwsError(name, type(error).__name__, str(error)) from None
        for entry in answer.get("FailedEntries") or ():
            raise AwsError(name, entry.get("ErrorCode", "?"), entry.get("ErrorMessage", ""))
        return answer

    @cached_property
    def identity(self) -> Props:
        """Account, Arn and UserId of the caller."""
        return self.call("sts", "get_caller_identity", {})

    @property
    def account(self) -> str:
        return str(self.identity["Account"])

    @cached_property
    def partition(self) -> str:
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for prefix, name in prefixes.items() if self.region.startswith(prefix)), "aws")

    def arn(self, service: str, resource: str, *, account: bool = True) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account if account else ''}:{resource}"

    def admit(self) -> None:
        """Raise unless somebody answers and the account is one that the config allows."""
        allowed, forbidden = self.config.allowed_accounts, self.config.forbidden_accounts
        if (allowed and self.account not in allowed) or self.account in forbidden:
            wanted = f"aws:allowedAccountIds has {', '.join(allowed)}" if allowed else "aws:forbiddenAccountIds has it"
            raise PluginError(f"this is account {self.account}, but {wanted}: nothing was read or changed")

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    @cached_property
    def _session(self) -> Any:
        """One for all clients: what botocore reads for the first it has for the others."""
        import boto3

        return boto3.session.Session(
            aws_access_key_id=self.config.access_key,
            aws_secret_access_key=self.config.secret_key,
            region_name=self.region,
        )

    def _made(self, service: str) -> Any:
        from botocore.config import Config as Options

        if service not in self.config.endpoints:
            raise PluginError(f"aws:endpoints has no {service}: the stand-in for pulumi-aws never calls AWS itself")
        # The first call is to sts: whether somebody answers is known at once, not after repeats.
        attempts = 1 if service == "sts" else 4
        return self._session.client(
            service,
            endpoint_url=self.config.endpoints[service],
            config=Options(
                connect_timeout=5,
                max_pool_connections=CALLS_AT_ONCE,
                proxies={},  # none of the environment's
                retries={"mode": "standard", "total_max_attempts": attempts},
            ),
        )
