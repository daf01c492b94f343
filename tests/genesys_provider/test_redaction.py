import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_provider import redaction
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
        "K&#252;&#x2F;ch&#43;en&#x27;s &quot;9&quot;&gt;&amp;&#92; &szlig;&#61;",
        "K%C3%BC%2Fch%2Ben's%20%229%22%3E%26%5C%20%C3%9F%3D",  # JavaScript's encodeURIComponent
        "K%C3%BC/ch+en's%20%229%22%3E&%5C%20%C3%9F=",  # its encodeURI
        r"K\u00FC/ch\u002Ben\u0027s \u00229\u0022\u003E\u0026\\ \u00DF=",  # .NET's JSON
        r"Kü\/ch+en's \"9\">&\\ ß=",  # PHP's
        r"Kü/ch+en\u0027s \"9\"\u003e\u0026\\ ß\u003d",  # Gson's
        json.dumps(json.dumps(SECRET)),
        quote(quote(SECRET, safe=""), safe=""),
        html.escape(html.escape(SECRET)),
        SECRET.swapcase().replace("SS", "ß"),
    ],
)
def test_a_hidden_value_is_gone_in_every_form_it_travels_in(form: str) -> None:
    hide(SECRET)
    text = redact(f"before {form} behind")
    assert "[secret]" in text
    assert form not in text
    assert text.startswith("before ")
    assert text.endswith(" behind")


def inside(text: str) -> str:
    return json.dumps(text)[1:-1]


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=30))
def test_so_is_any_other_value(secret: str) -> None:
    redaction._hidden.clear()
    hide(secret)
    for spell in (str, inside, lambda text: inside(inside(text)), quote, quote_plus, html.escape, repr):
        assert "[secret]" in redact(f"before {spell(secret)} behind")


@pytest.mark.parametrize("spell", [str, inside, lambda text: inside(inside(text)), lambda text: quote(text, safe="")])
def test_backslashes_without_end_take_no_time(spell: Callable[[str], str]) -> None:
    """Where they do, this test does not end."""
    hide("a" + "\\" * 60 + "b", "+abcd", "\\u005c\\u005c")
    assert redact(f"c{spell('a' + chr(92) * 60 + 'b')}d") == "c[secret]d"
    assert redact(spell("\\u005c\\u005c")) == "[secret]"
    redact("a" + spell("\\" * 60) + "c")
    redact("\\" * 300_000)


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


@pytest.mark.parametrize("form", [r"line\n😀 two", r"line\u000A\uD83D\uDE00 two", "line%0a%f0%9f%98%80+two"])
def test_so_is_one_with_a_line_break_and_an_emoji(form: str) -> None:
    hide("line\n😀 two")
    assert redact(f"a {form} b") == "a [secret] b"


def test_what_stands_behind_a_scheme_is_hidden_without_it_too() -> None:
    hide("Bearer abcdefgh-ijklmnop")
    assert redact("the Bearer is abcdefgh-ijklmnop") == "the Bearer is [secret]"


def test_the_longer_of_two_values_goes_first() -> None:
    hide("abcd", "abcdefgh")
    assert redact("abcdefgh abcd") == "[secret] [secret]"


def test_what_is_too_short_to_be_a_secret_stays() -> None:
    hide("", "1", "PUT")
    assert redact("PUT /a/1: 401") == "PUT /a/1: 401"


def test_the_text_becomes_one_line() -> None:
    assert redact("  one\n\ttwo\r\nthree ") == "one two three"


def test_nothing_moves_the_cursor_or_turns_the_text_around() -> None:
    assert redact("a\x1b[2K\x1b[1Ab\x00c\x9b31md\u202ee\u2028f\ud800g") == "a [2K [1Ab c 31md e f g"
