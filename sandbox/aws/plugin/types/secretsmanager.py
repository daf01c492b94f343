"""AWS Secrets Manager: secret and version."""

from ..rules import at_most_one, between, length, matches
from ..table import Call, Kind, Prop, Tagging, Type, named

DELETED = frozenset({"InvalidRequestException"})
"""What is asked of a secret that waits for its deletion is answered so."""

SECRET = Type(
    "aws:secretsmanager/secret:Secret",
    "secretsmanager",
    own={
        **named("Name", length(1, 512), matches(r"^[0-9A-Za-z/_+=.@-]+$")),
        "description": Prop("Description"),
        "forceOverwriteReplicaSecret": Prop("ForceOverwriteReplicaSecret", Kind.BOOL, default=False),
        "kmsKeyId": Prop("KmsKeyId"),
        "recoveryWindowInDays": Prop(kind=Kind.INT, default=30, rules=(between(7, 30, 0),)),
    },
    rules=(at_most_one("name", "namePrefix"),),
    key={"SecretId": "id"},
    id=lambda _, answer: answer["ARN"],
    create=(Call("create_secret"),),
    read=Call("describe_secret"),
    find=lambda answer, _: None if answer.get("DeletedDate") else answer,
    update=(Call("update_secret", send=("description", "kmsKeyId")),),
    delete=(
        Call(
            "delete_secret",
            when=lambda props: not props["recoveryWindowInDays"],
            shape=lambda params: {**params, "ForceDeleteWithoutRecovery": True},
        ),
        Call(
            "delete_secret",
            when=lambda props: props["recoveryWindowInDays"],
            send=("recoveryWindowInDays",),
            names={"recoveryWindowInDays": "RecoveryWindowInDays"},
        ),
    ),
    gone=DELETED,
    outputs={"arn": "ARN"},
    tagging=Tagging(
        read="describe_secret", add="tag_resource", remove="untag_resource", key={"SecretId": "id"}, pairs=True
    ),
)

VERSION = Type(
    "aws:secretsmanager/secretVersion:SecretVersion",
    "secretsmanager",
    own={
        "secretId": Prop(required=True, replaces=True),
        "secretString": Prop("SecretString", replaces=True, secret=True),
        "secretBinary": Prop("SecretBinary", replaces=True, secret=True),
    },
    rules=(at_most_one("secretString", "secretBinary"),),
    key={"SecretId": "secretId", "VersionId": "versionId"},
    id=lambda props, answer: f"{props['secretId']}|{answer['VersionId']}",
    create=(Call("put_secret_value"),),
    read=Call("get_secret_value"),
    # The real plugin takes away the labels that the state lists, but never AWSCURRENT; and that one is all that a
    # version of ours has when it is made, replaced and deleted. So AWSPREVIOUS stays where AWS has put it.
    delete=(),
    gone=DELETED,
    outputs={
        "arn": "ARN",
        "secretArn": "ARN",
        "versionId": "VersionId",
        "versionStages": "VersionStages",
        "hasSecretStringWo": lambda _: False,
    },
)

TYPES = (SECRET, VERSION)
