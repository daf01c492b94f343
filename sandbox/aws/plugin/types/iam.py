"""IAM: role and the policies in it."""

from ..rules import at_most_one, between, is_arn, is_json, length, matches
from ..table import Call, Kind, Prop, Tagging, Type, named

NAME = r"^[\w+=,.@-]+$"

ROLE = Type(
    "aws:iam/role:Role",
    "iam",
    regional=False,
    own={
        **named("RoleName", length(1, 64), matches(NAME)),
        "assumeRolePolicy": Prop("AssumeRolePolicyDocument", Kind.POLICY, required=True, rules=(is_json,)),
        "description": Prop("Description", rules=(length(0, 1000),)),
        "forceDetachPolicies": Prop(kind=Kind.BOOL, default=False),
        "maxSessionDuration": Prop("MaxSessionDuration", Kind.INT, default=3600, rules=(between(3600, 43200),)),
        "path": Prop("Path", replaces=True, default="/", rules=(length(0, 512),)),
        "permissionsBoundary": Prop("PermissionsBoundary", rules=(is_arn,)),
    },
    rules=(at_most_one("name", "namePrefix"),),
    key={"RoleName": "name"},
    id=lambda props, _: props["name"],
    create=(Call("create_role"),),
    read=Call("get_role"),
    find=lambda answer, _: {
        **answer["Role"],
        "PermissionsBoundary": answer["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    },
    update=(
        Call(
            "update_assume_role_policy",
            send=("assumeRolePolicy",),
            names={"assumeRolePolicy": "PolicyDocument"},
        ),
        Call("update_role", send=("description", "maxSessionDuration")),
        Call(
            "put_role_permissions_boundary",
            send=("permissionsBoundary",),
            when=lambda props: bool(props.get("permissionsBoundary")),
        ),
        Call(
            "delete_role_permissions_boundary",
            send=(),
            on=("permissionsBoundary",),
            when=lambda props: not props.get("permissionsBoundary"),
        ),
    ),
    delete=(Call("delete_role"),),
    outputs={"arn": "Arn", "createDate": "CreateDate", "uniqueId": "RoleId"},
    tagging=Tagging(read="list_role_tags", add="tag_role", remove="untag_role", key={"RoleName": "name"}, pairs=True),
)

_PUT_POLICY = Call("put_role_policy", whole=True)
ROLE_POLICY = Type(
    "aws:iam/rolePolicy:RolePolicy",
    "iam",
    regional=False,
    own={
        **named("PolicyName", length(1, 128), matches(NAME)),
        "policy": Prop("PolicyDocument", Kind.POLICY, required=True, rules=(is_json,)),
        "role": Prop("RoleName", required=True, replaces=True),
    },
    rules=(at_most_one("name", "namePrefix"),),
    key={"RoleName": "role", "PolicyName": "name"},
    id=lambda props, _: f"{props['role']}:{props['name']}",
    create=(_PUT_POLICY,),
    read=Call("get_role_policy"),
    update=(_PUT_POLICY,),
    delete=(Call("delete_role_policy"),),
)

TYPES = (ROLE, ROLE_POLICY)
