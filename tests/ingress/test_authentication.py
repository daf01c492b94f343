"""Who is let in: by signature, by the heartbeat's key, and nobody else."""

import base64
import hashlib
import hmac

import pytest

from ingress.answers import Answer, Refused
from ingress.authentication import Auth
from tests.support.ingress import HEARTBEAT, HEARTBEAT_KEY, KEY, SIGNING, World, request, signature, signed

BODY = b'{"topicName":"a","eventBody":{}}'
RIGHT = signature(BODY)
DIGEST = hmac.new(KEY.encode(), BODY, hashlib.sha256).digest()
HEX = "sha256=" + DIGEST.hex()
FOX, FOX_DIGEST = (
    b"The quick brown fox jumps over the lazy dog",
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
)
WRONG, GARBLED = Answer.SIGNATURE_WRONG, Answer.SIGNATURE_GARBLED


def of_hex(digest: str) -> str:
    return "sha256=" + base64.b64encode(bytes.fromhex(digest)).decode()


# name, signing key, body, header's value, what comes of it. The digests in hex are published ones.
VECTORS = [
    ("right", KEY, BODY, RIGHT, Auth.SIGNATURE),
    ("empty body", KEY, b"", signature(b""), Auth.SIGNATURE),
    ("published: fox", "key", FOX, of_hex(FOX_DIGEST), Auth.SIGNATURE),
    (
        "RFC 4231, case 1",
        "\x0b" * 20,
        b"Hi There",
        of_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Auth.SIGNATURE,
    ),
    (
        "RFC 4231, case 2",
        "Jefe",
        b"what do ya want for nothing?",
        of_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Auth.SIGNATURE,
    ),
    (
        "RFC 4231, case 4: bytes that are no text",
        bytes(range(1, 26)).decode(),
        b"\xcd" * 50,
        of_hex("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Auth.SIGNATURE,
    ),
    ("a key that is not ASCII", "Schlüssel 🔑", BODY, signature(BODY, "Schlüssel 🔑"), Auth.SIGNATURE),
    ("a key longer than a block", "k" * 200, BODY, signature(BODY, "k" * 200), Auth.SIGNATURE),
    ("a body of a million bytes", KEY, b"x" * 1_000_000, signature(b"x" * 1_000_000), Auth.SIGNATURE),
    ("another key's", KEY, BODY, signature(BODY, "another key"), WRONG),
    ("the empty key's", KEY, BODY, signature(BODY, ""), WRONG),
    ("the key in another case", KEY, BODY, signature(BODY, KEY.upper()), WRONG),
    ("the key with a line end", KEY, BODY, signature(BODY, KEY + "\n"), WRONG),
    ("the heartbeat's key's", KEY, BODY, signature(BODY, HEARTBEAT_KEY), WRONG),
    ("another body's", KEY, BODY, signature(BODY + b" "), WRONG),
    ("of the body without its last byte", KEY, BODY, signature(BODY[:-1]), WRONG),
    ("of the body in another case", KEY, BODY, signature(BODY.upper()), WRONG),
    ("all zero bits", KEY, BODY, of_hex("00" * 32), WRONG),
    ("the first bit wrong", KEY, BODY, of_hex(bytes([DIGEST[0] ^ 128, *DIGEST[1:]]).hex()), WRONG),
    ("the last bit wrong", KEY, BODY, of_hex(bytes([*DIGEST[:-1], DIGEST[-1] ^ 1]).hex()), WRONG),
    # The last character before "=" has two bits that no byte holds: only one writing of a digest counts.
    ("stray bits in the base64", KEY, BODY, RIGHT[:-2] + chr(ord(RIGHT[-2]) + 1) + "=", WRONG),
    ("sha1 in the place of sha256", KEY, BODY, signature(BODY).replace("sha256", "sha1"), GARBLED),
    ("hex, as GitHub does it", KEY, BODY, HEX, GARBLED),
    ("no prefix", KEY, BODY, RIGHT.removeprefix("sha256="), GARBLED),
    ("prefix in capitals", KEY, BODY, RIGHT.replace("sha256", "SHA256"), GARBLED),
    ("two prefixes", KEY, BODY, "sha256=" + RIGHT, GARBLED),
    ("no padding", KEY, BODY, RIGHT.rstrip("="), GARBLED),
    ("too much padding", KEY, BODY, RIGHT + "=", GARBLED),
    ("base64 for URLs", KEY, BODY, "sha256=" + "-_" * 21 + "A=", GARBLED),
    ("a digest of 31 bytes", KEY, BODY, of_hex("00" * 31), GARBLED),
    ("a digest of 33 bytes", KEY, BODY, of_hex("00" * 33), GARBLED),
    ("a digest of 64 bytes", KEY, BODY, of_hex("00" * 64), GARBLED),
    ("empty", KEY, BODY, "", GARBLED),
    ("the prefix alone", KEY, BODY, "sha256=", GARBLED),
    ("the header twice", KEY, BODY, f"{RIGHT},{RIGHT}", GARBLED),
    ("the header twice, one of them wrong", KEY, BODY, f"{signature(b'')}, {RIGHT}", GARBLED),
    ("a space before", KEY, BODY, " " + RIGHT, GARBLED),
    ("a line end behind", KEY, BODY, RIGHT + "\n", GARBLED),
    ("no ASCII", KEY, BODY, "sha256=" + "é" * 43 + "=", GARBLED),
    ("digits that are no ASCII", KEY, BODY, "sha256=" + "٣" * 43 + "=", GARBLED),
    ("half a surrogate pair", KEY, BODY, "sha256=" + "\ud800" * 43 + "=", GARBLED),
    ("very long", KEY, BODY, "sha256=" + "A" * 100_000, GARBLED),
]


@pytest.mark.parametrize(
    ("key", "body", "header", "expected"), [vector[1:] for vector in VECTORS], ids=[vector[0] for vector in VECTORS]
)
def test_signature_vectors(key: str, body: bytes, header: str, expected: Auth | Answer) -> None:
    world = World()
    world.secrets.rotate(SIGNING, key)
    world.clock.advance(world.overlap)  # so that the key before it counts no more
    outcome: Auth | Answer
    try:
        outcome = world.receiver.authentication.check({"X-Hub-Signature-256": header}, body, world.deadline())
    except Refused as refused:
        outcome = refused.answer
    assert outcome is expected
    if expected is GARBLED:
        assert not world.secrets.reads  # no key could have made it right


@pytest.mark.parametrize("name", ["x-hub-signature-256", "X-Hub-Signature-256", "X-HUB-SIGNATURE-256"])
def test_header_names_have_no_case(name: str) -> None:
    assert World().post(request(BODY, {name: RIGHT}))["statusCode"] == 200


def test_one_header_in_two_cases_is_a_header_twice() -> None:
    world = World()
    answer = world.post(request(BODY, {"x-hub-signature-256": RIGHT, "X-Hub-Signature-256": RIGHT}))
    assert answer["statusCode"] == 401


def test_without_any_header_it_is_401_and_reads_no_key() -> None:
    world = World()
    assert world.post(request(BODY, {}))["statusCode"] == 401
    assert world.post({})["statusCode"] == 401
    assert not world.secrets.reads


@pytest.mark.parametrize("key", ["", " ", "\n", None])
def test_an_empty_key_verifies_nothing(key: str | None) -> None:
    world = World(overlap=0)
    world.secrets.rotate(SIGNING, key)
    world.secrets.rotate(HEARTBEAT, key)
    answer = world.post(signed(BODY, key or ""))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert world.post(request(b"", {"x-heartbeat-key": key or ""}))["statusCode"] == 503
    assert not world.events.calls


def test_an_empty_previous_key_verifies_nothing() -> None:
    world = World()
    world.secrets.rotate(SIGNING, "")
    world.secrets.rotate(SIGNING, KEY)
    assert world.post(signed(BODY, ""))["statusCode"] == 401
    assert world.post(signed(BODY))["statusCode"] == 200


@pytest.mark.parametrize("key", ["wrong", "", HEARTBEAT_KEY + " ", f"{HEARTBEAT_KEY},{HEARTBEAT_KEY}", "é", "\ud800"])
def test_a_wrong_key_is_403_never_401(key: str) -> None:
    world = World()
    assert world.post(request(b"", {"X-Heartbeat-Key": key}))["statusCode"] == 403
    assert not world.events.calls


def test_with_both_headers_the_signature_decides() -> None:
    world = World()
    answer = world.post(request(BODY, {"x-hub-signature-256": RIGHT, "x-heartbeat-key": "wrong"}))
    assert answer["statusCode"] == 200
    assert [entry["DetailType"] for entry in world.events.on_bus] == ["a"]


@pytest.mark.parametrize("bad", [signature(BODY, "wrong"), "garbled"])
def test_who_shows_a_key_never_gets_401_on_which_aws_gives_the_connection_up(bad: str) -> None:
    world = World()
    answer = world.post(request(BODY, {"x-hub-signature-256": bad, "x-heartbeat-key": HEARTBEAT_KEY}))
    assert answer["statusCode"] == 403
    assert not world.events.calls
