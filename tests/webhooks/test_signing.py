"""Standard Webhooks: the published vector, and agreement with the official library."""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks.webhooks as official
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.webhooks.signing import SignatureInvalid, decode_secret, encode_secret, signed_headers, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = encode_secret(bytes(range(24)))
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
BODY = b'{"test": 2432232314}'


class Clock(datetime):
    """The official library asks the machine for the time; here it gets ours."""

    at = NOW

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.at


def official_accepts(headers: dict[str, str], body: bytes, secret: str, now: datetime) -> bool:
    Clock.at = now
    try:
        official.Webhook(secret).verify(body, headers, json_parse=False)
    except (official.WebhookVerificationError, ValueError):
        return False
    return True


def own_accepts(headers: dict[str, str], body: bytes, secret: str, now: datetime) -> bool:
    try:
        verify(headers, body, [secret], now=now)
    except SignatureInvalid:
        return False
    return True


@pytest.fixture(autouse=True)
def _official_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "datetime", Clock)


@pytest.mark.fault("F06")
def test_the_published_vector_is_met_byte_by_byte() -> None:
    # https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py
    at = datetime.fromtimestamp(1614265330, tz=UTC)
    assert signed_headers([SECRET], id_="msg_p5jXN8AQM9LWM0D4loKWxJek", now=at, body=BODY) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(key=st.binary(min_size=24, max_size=64), content=st.text())
def test_what_we_sign_the_official_library_verifies(key: bytes, content: str) -> None:
    body = json.dumps({"content": content}, ensure_ascii=False).encode(errors="surrogatepass")
    if any("\ud800" <= c <= "\udfff" for c in content):
        return  # no UTF-8, so no JSON
    headers = signed_headers([encode_secret(key)], id_="e-1", now=NOW, body=body)
    Clock.at = NOW
    assert official.Webhook(encode_secret(key)).verify(body, headers) == {"content": content}


@given(key=st.binary(min_size=24, max_size=64), body=st.text())
def test_what_the_official_library_signs_we_verify(key: bytes, body: str) -> None:
    signature = official.Webhook(encode_secret(key)).sign("e-1", NOW, body)
    headers = {"Webhook-Id": "e-1", "Webhook-Timestamp": str(int(NOW.timestamp())), "Webhook-Signature": signature}
    verify(headers, body.encode(), [encode_secret(key)], now=NOW)


Change = Callable[[dict[str, str]], dict[str, str]]

CASES: dict[str, tuple[Change, bytes, timedelta, bool]] = {
    "as sent": (lambda h: h, BODY, timedelta(0), True),
    "header names in capitals": (lambda h: {k.upper(): v for k, v in h.items()}, BODY, timedelta(0), True),
    "exactly five minutes old": (lambda h: h, BODY, timedelta(minutes=5), True),
    "a little over five minutes old": (lambda h: h, BODY, timedelta(minutes=5, microseconds=1), False),
    "exactly five minutes ahead": (lambda h: h, BODY, timedelta(minutes=-5), True),
    "a little over five minutes ahead": (lambda h: h, BODY, timedelta(minutes=-5, microseconds=-1), False),
    "replayed after an hour": (lambda h: h, BODY, timedelta(hours=1), False),
    "replayed with a new timestamp": (
        lambda h: h | {"webhook-timestamp": str(int((NOW + timedelta(hours=1)).timestamp()))},
        BODY,
        timedelta(hours=1),
        False,
    ),
    "another id": (lambda h: h | {"webhook-id": "e-2"}, BODY, timedelta(0), False),
    "altered body": (lambda h: h, BODY.replace(b"4", b"5"), timedelta(0), False),
    "re-serialised body": (lambda h: h, b'{"test":2432232314}', timedelta(0), False),
    "another version": (
        lambda h: h | {"webhook-signature": h["webhook-signature"].replace("v1,", "v2,")},
        BODY,
        timedelta(0),
        False,
    ),
    "a foreign signature first": (
        lambda h: h | {"webhook-signature": "v1a,AAAA v1," + "A" * 43 + "= " + h["webhook-signature"]},
        BODY,
        timedelta(0),
        True,
    ),
    "an empty signature": (lambda h: h | {"webhook-signature": "v1,"}, BODY, timedelta(0), False),
    "no comma": (lambda h: h | {"webhook-signature": "v1"}, BODY, timedelta(0), False),
    "no time": (lambda h: h | {"webhook-timestamp": "soon"}, BODY, timedelta(0), False),
    "time is not a number": (lambda h: h | {"webhook-timestamp": "nan"}, BODY, timedelta(0), False),
    "time is endless": (lambda h: h | {"webhook-timestamp": "9" * 400}, BODY, timedelta(0), False),
    "missing id": (lambda h: {k: v for k, v in h.items() if k != "webhook-id"}, BODY, timedelta(0), False),
    "missing time": (lambda h: {k: v for k, v in h.items() if k != "webhook-timestamp"}, BODY, timedelta(0), False),
    "missing signature": (lambda h: h | {"webhook-signature": ""}, BODY, timedelta(0), False),
}  # fmt: skip


@pytest.mark.fault("F06")
@pytest.mark.parametrize("case", CASES)
def test_own_and_official_verifier_agree(case: str) -> None:
    change, body, later, good = CASES[case]
    headers = change(signed_headers([SECRET], id_="e-1", now=NOW, body=BODY))
    now = NOW + later
    assert (own_accepts(headers, body, SECRET, now), official_accepts(headers, body, SECRET, now)) == (good, good)


@pytest.mark.fault("F06")
def test_during_a_rotation_either_secret_verifies() -> None:
    headers = signed_headers([OTHER, SECRET], id_="e-1", now=NOW, body=BODY)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, OTHER):
        assert own_accepts(headers, BODY, secret, NOW)
        assert official_accepts(headers, BODY, secret, NOW)
    assert not own_accepts(headers, BODY, encode_secret(b"x" * 24), NOW)
    verify(signed_headers([SECRET], id_="e-1", now=NOW, body=BODY), BODY, [OTHER, SECRET], now=NOW)


@pytest.mark.fault("F06")
def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr(hmac, "compare_digest", compare)
    headers = signed_headers([SECRET, OTHER], id_="e-1", now=NOW, body=BODY)
    verify(headers, BODY, [SECRET, OTHER], now=NOW)
    assert len(compared) == 4  # all pairs, also after the first match


@pytest.mark.parametrize("length", [0, 23, 65])
def test_keys_that_are_too_short_or_too_long_are_refused(length: int) -> None:
    with pytest.raises(ConfigurationError):
        encode_secret(bytes(length))
    with pytest.raises(ConfigurationError):
        decode_secret("whsec_" + base64.b64encode(bytes(length)).decode())


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_what_is_not_a_secret_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        decode_secret(secret)
    assert "fKQ9r8" not in str(refused.value)


def test_every_length_from_24_to_64_bytes_goes_there_and_back() -> None:
    for length in range(24, 65):
        key = os.urandom(length)
        assert decode_secret(encode_secret(key)) == key
        assert decode_secret(encode_secret(key).rstrip("=")) == key


@pytest.mark.parametrize("secrets", [[], [SECRET, OTHER, SECRET]])
def test_one_secret_or_two(secrets: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        signed_headers(secrets, id_="e-1", now=NOW, body=BODY)


@pytest.mark.fault("F07")
@pytest.mark.parametrize("id_", ["", "a.b", "a b", "a\r\nx: y", "ä", "a" * 129])
def test_an_id_that_could_forge_a_header_or_a_signature_is_refused(id_: str) -> None:
    with pytest.raises(ConfigurationError):
        signed_headers([SECRET], id_=id_, now=NOW, body=BODY)


def test_a_time_without_a_zone_is_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="time zone"):
        signed_headers([SECRET], id_="e-1", now=NOW.replace(tzinfo=None), body=BODY)
