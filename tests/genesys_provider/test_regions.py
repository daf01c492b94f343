import pytest

from genesys_provider.errors import ConfigError
from genesys_provider.regions import REGIONS, Region, find_region

# As the Genesys Cloud SDK has them.
API_HOSTS = {
    "us_east_1": "api.mypurecloud.com",
    "eu_west_1": "api.mypurecloud.ie",
    "ap_southeast_2": "api.mypurecloud.com.au",
    "ap_northeast_1": "api.mypurecloud.jp",
    "eu_central_1": "api.mypurecloud.de",
    "us_west_2": "api.usw2.pure.cloud",
    "ca_central_1": "api.cac1.pure.cloud",
    "eu_central_2": "api.euc2.pure.cloud",
    "ap_southeast_1": "api.apse1.pure.cloud",
    "ap_northeast_2": "api.apne2.pure.cloud",
    "eu_west_2": "api.euw2.pure.cloud",
    "ap_south_1": "api.aps1.pure.cloud",
    "us_east_2": "api.use2.us-gov-pure.cloud",
    "sa_east_1": "api.sae1.pure.cloud",
    "me_central_1": "api.mec1.pure.cloud",
    "ap_northeast_3": "api.apne3.pure.cloud",
    "mx_central_1": "api.mxc1.pure.cloud",
    "eusc_de_east_1": "api.edee1.eusc-pure.cloud",
}


@pytest.mark.parametrize(("aws_region", "host"), API_HOSTS.items())
def test_each_region_of_the_sdk_is_found_by_its_aws_region(aws_region: str, host: str) -> None:
    for spelling in (aws_region, aws_region.replace("_", "-"), f" {aws_region.upper()} "):
        region = find_region(spelling)
        assert region.api_url == f"https://{host}"
        assert region.login_url == f"https://{host.replace('api.', 'login.', 1)}"


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
def test_each_region_is_found_by_its_name_and_its_domain(region: Region) -> None:
    assert find_region(region.name) == find_region(region.domain) == region


def test_there_are_no_others_and_no_two_alike() -> None:
    assert len(REGIONS) == len(API_HOSTS)
    for attribute in ("name", "aws_region", "domain"):
        assert len({getattr(region, attribute) for region in REGIONS}) == len(REGIONS)


@pytest.mark.parametrize("text", ["eu-north-9", "", "mypurecloud", "pure.cloud"])
def test_anything_else_is_refused_with_all_there_are(text: str) -> None:
    with pytest.raises(
        ConfigError, match=f"^genesys:region is {text!r}, .*eu-central-1 \\(mypurecloud.de\\)"
    ) as refused:
        find_region(text)
    assert all(region.domain in str(refused.value) for region in REGIONS)
