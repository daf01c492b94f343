"""What the server and the function's workers get to see of the environment: an allow-list.

ministack hands its whole environment to the workers, and botocore in a worker would read the user's profile. Neither
may see the user's credentials or proxies, nor anything of Pulumi's or Genesys Cloud's.
"""

from collections.abc import Mapping, MutableMapping
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"
CONCURRENCY = 4
"""How many functions run at once: each has a process of about 46 MB."""

# By SANDBOX_INSTANCE the launcher tells a worker whose server has died.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "SANDBOX_INSTANCE")
_CONTAINED = {
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_REGION": REGION,
    "SFTP_ENABLED": "0",
    "IOT_MTLS_ENABLED": "0",
    "DOCKER_HOST": "unix:///nonexistent",  # else ministack removes every container that bears its label
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
# Read when ministack is imported, and no business of a worker.
_SETTINGS = {
    "BIND_HOST": "127.0.0.1",
    "MINISTACK_HOST": "127.0.0.1",
    "LAMBDA_EXECUTOR": "local",
    "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY),
    "LOG_LEVEL": "WARNING",  # at INFO it logs what functions print
    "PERSIST_STATE": "0",  # it would write secrets in plain JSON
}


def contained(environ: Mapping[str, str], port: int, temporary: Path) -> dict[str, str]:
    """The environment of a server at `port` that keeps its files in `temporary`."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    own = {"GATEWAY_PORT": str(port), "TMPDIR": str(temporary), "HOME": str(temporary)}
    return kept | _CONTAINED | _SETTINGS | own


def forget_settings(environ: MutableMapping[str, str]) -> None:
    for name in _SETTINGS:
        environ.pop(name, None)
