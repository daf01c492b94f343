"""The regions of Genesys Cloud: where to ask for a token and where the API is.

Source: the Genesys Cloud Python SDK, version 269 (`api.<domain>`; the login host is the same with `login.`).
"""

from dataclasses import dataclass

from .errors import ConfigError


@dataclass(frozen=True, slots=True)
class Region:
    """One region: its short name, the AWS region it runs in, and the domain under which its hosts are."""

    name: str
    aws_region: str
    domain: str

    @property
    def login_url(self) -> str:
        return f"https://login.{self.domain}"

    @property
    def api_url(self) -> str:
        return f"https://api.{self.domain}"


REGIONS = (
    Region("use1", "us-east-1", "mypurecloud.com"),
    Region("use2", "us-east-2", "use2.us-gov-pure.cloud"),
    Region("usw2", "us-west-2", "usw2.pure.cloud"),
    Region("cac1", "ca-central-1", "cac1.pure.cloud"),
    Region("mxc1", "mx-central-1", "mxc1.pure.cloud"),
    Region("sae1", "sa-east-1", "sae1.pure.cloud"),
    Region("euw1", "eu-west-1", "mypurecloud.ie"),
    Region("euw2", "eu-west-2", "euw2.pure.cloud"),
    Region("euc1", "eu-central-1", "mypurecloud.de"),
    Region("euc2", "eu-central-2", "euc2.pure.cloud"),
    Region("edee1", "eusc-de-east-1", "edee1.eusc-pure.cloud"),
    Region("mec1", "me-central-1", "mec1.pure.cloud"),
    Region("aps1", "ap-south-1", "aps1.pure.cloud"),
    Region("apse1", "ap-southeast-1", "apse1.pure.cloud"),
    Region("apse2", "ap-southeast-2", "mypurecloud.com.au"),
    Region("apne1", "ap-northeast-1", "mypurecloud.jp"),
    Region("apne2", "ap-northeast-2", "apne2.pure.cloud"),
    Region("apne3", "ap-northeast-3", "apne3.pure.cloud"),
)


def find_region(text: str) -> Region:
    """The region meant by its short name (`euc1`), its AWS region (`eu-central-1`) or its domain (`mypurecloud.de`).

    Raises ConfigError, which lists what there is, for anything else.
    """
    wanted = text.strip().lower().replace("_", "-")
    for region in REGIONS:
        if wanted in (region.name, region.aws_region, region.domain):
            return region
    known = ", ".join(f"{region.aws_region} ({region.domain})" for region in REGIONS)
    raise ConfigError(f"genesys:region is {text!r}, which is no region of Genesys Cloud; write one of: {known}")
