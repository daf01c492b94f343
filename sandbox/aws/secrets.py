"""Secrets Manager, where ministack keeps versions unlike AWS."""

from .errors import AwsError
from .exchange import Answer, Handler, Request
from .inside import Json, secretsmanager


async def create_secret(request: Request) -> Answer:
    """A secret without a value has no version, so its first value leaves no AWSPREVIOUS behind; with one, the
    version's id is the client's token."""
    answer = await request.forward()
    if not answer.ok:
        return answer
    _, secret = secretsmanager._resolve(answer.data["ARN"])
    if not _has_value(request.data):
        secret["Versions"].clear()
        answer.change(VersionId=None)
    elif token := request.data.get("ClientRequestToken"):
        secret["Versions"] = {token: secret["Versions"].pop(answer.data["VersionId"])}
        answer.change(VersionId=token)
    return answer


async def put_secret_value(request: Request) -> Answer:
    """A token stands for one value: the same once more does nothing, another one is refused."""
    _, secret = secretsmanager._resolve(request.data.get("SecretId"))
    token = request.data.get("ClientRequestToken")
    version = (secret or {}).get("Versions", {}).get(token)
    if secret is None or version is None:
        return await request.forward()
    if any(version.get(member) != request.data.get(member) for member in ("SecretString", "SecretBinary")):
        raise AwsError(
            "ResourceExistsException",
            f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret"
            f" {secret['ARN']}.",
        )
    stages = list(version["Stages"])
    return Answer.of({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token, "VersionStages": stages})


def age(arn: str, seconds: float) -> tuple[str, float]:
    """Make the current version older; its id and when it now was created, in seconds since 1970. Raises LookupError."""
    _, secret = secretsmanager._resolve(arn)
    for version_id, version in (secret or {}).get("Versions", {}).items():
        if "AWSCURRENT" in version["Stages"]:
            version["CreatedDate"] -= seconds
            return version_id, version["CreatedDate"]
    raise LookupError(f"no secret {arn} with a value")


HANDLERS: dict[str, Handler] = {
    "secretsmanager:CreateSecret": create_secret,
    "secretsmanager:PutSecretValue": put_secret_value,
}


def _has_value(data: Json) -> bool:
    return data.get("SecretString") is not None or data.get("SecretBinary") is not None
