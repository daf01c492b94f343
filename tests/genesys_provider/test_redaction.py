import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest

from genesys_provider.redaction import hide, redact

SECRET = """Kü/ch+en's "9">&\\ ß="""


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET).replace(">", r"\u003e").replace("&", r"\u0026"),
        repr(SECRET),
        urlencode({"client_secret": SECRET}),
        "K%c3%bc%2fch%2ben%27s%20%229%22%3e%26%5c%20%c3%9f%3d",
        "K%c3%bc/ch%2ben%27s%20%229%22%3e%26%5c%20%c3%9f%3d",
        "K%c3%bc%2fch%2ben%27s+%229%22%3e%26%5c+%c3%9f%3d",
        """Kü/ch+en's "9"&gt;&amp;\\ ß=""",
        "Kü/ch+en&#x27;s &quot;9&quot;&gt;&amp;\\ ß=",
        "Kü/ch+en&#39;s &quot;9&quot;&gt;&amp;\\ ß=",
        "Kü/ch+en&#039;s &quot;9&quot;&gt;&amp;\\ ß=",
        "Kü/ch+en&apos;s &quot;9&quot;&gt;&amp;\\ ß=",
        "Kü/ch+en&#39;s &#34;9&#34;&gt;&amp;\\ ß=",
    ],
)
def test_a_hidden_value_is_gone_in_every_form_it_travels_in(form: str) -> None:
    hide(SECRET)
    text = redact(f"before {form} behind")
    assert "[secret]" in text
    assert form not in text
    assert text.startswith("before ")
    assert text.endswith(" behind")


@pytest.mark.parametrize("before", ["id:", "{", "ab"])
@pytest.mark.parametrize("behind", ["", "}", " and", "more"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_it_is_gone_from_the_base64_of_a_longer_value(
    before: str, behind: str, encode: Callable[[bytes], bytes]
) -> None:
    hide(SECRET)
    text = redact(encode(f"{before}{SECRET}{behind}".encode()).decode())
    left = text.split("[secret]")
    assert len(left) == 2
    assert all(len(each) <= 8 for each in left)  # what the neighbours' bytes take part in


def test_the_longer_of_two_values_goes_first() -> None:
    hide("abcd", "abcdefgh")
    assert redact("abcdefgh abcd") == "[secret] [secret]"


def test_what_is_too_short_to_be_a_secret_stays() -> None:
    hide("", "1", "PUT")
    assert redact("PUT /a/1: 401") == "PUT /a/1: 401"


def test_the_text_becomes_one_line() -> None:
    assert redact("  one\n\ttwo\r\nthree ") == "one two three"
