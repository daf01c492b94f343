"""Where the program's AWS provider works: asked of AWS, so that a wrong account can't be typed in."""

import pulumi
import pulumi_aws as aws


def account_id() -> pulumi.Output[str]:
    """12 digits."""
    return aws.get_caller_identity_output().account_id


def region() -> pulumi.Output[str]:
    """Such as `eu-central-1`."""
    return aws.get_region_output().region
