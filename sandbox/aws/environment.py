"""What the server and the function's workers get to see of the environment: an allow-list.

ministack hands its whole environment to the workers, and botocore inside a worker would read the user's profile: neither
may see the user's credentials, proxies or anything of Pulumi's or Genesys Cloud's.
"""

from collections.abc import Mapping
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"

_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
)
_CONTAINED = {
    "BIND_HOST": "127.0.0.1",
    "MINISTACK_HOST": "127.0.0.1",
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_REGION": REGION,
    "MINISTACK_WORKER_THREADS": "16",
    "LAMBDA_EXECUTOR": "local",
    "LAMBDA_ACCOUNT_CONCURRENCY": "4",
    "LOG_LEVEL": "WARNING",  # its INFO tells names, its DEBUG tells bodies
    "PERSIST_STATE": "0",  # it writes secrets in plain JSON
    "SFTP_ENABLED": "0",
    "IOT_MTLS_ENABLED": "0",
    "DOCKER_HOST": "unix:///nonexistent",  # else it removes every container that bears its label
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def contained(environ: Mapping[str, str], port: int, temporary: Path) -> dict[str, str]:
    """The environment of a server at `port` that keeps its files in `temporary`."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    return kept | _CONTAINED | {"GATEWAY_PORT": str(port), "TMPDIR": str(temporary), "HOME": str(temporary)}
