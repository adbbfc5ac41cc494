"""Standard Webhooks signatures: our own signer, and the verifier that proves it.

What is signed is `{id}.{timestamp}.{body}`, with HMAC-SHA256, over the bytes that are sent. During a rotation there
are two secrets and two signatures in one header; a receiver needs to know one of them.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md ("Signature scheme",
"Webhook headers"). The tolerance of five minutes is that of the official libraries.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from shared.errors import ConfigurationError, PermanentError

PREFIX: Final = "whsec_"
SHORTEST: Final = 24
LONGEST: Final = 64
TOLERANCE: Final = 300
"""Seconds that a timestamp may differ from the receiver's clock, the edge included."""

MOST_SECRETS: Final = 2
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}\Z", re.ASCII)  # the specification forbids a full stop
_SECONDS = re.compile(r"[0-9]{1,12}\Z", re.ASCII)


class SignatureInvalid(PermanentError):
    """A message was not signed with this secret, was altered, or is too old or too new."""

    code = "signature_invalid"


def encode_secret(key: bytes) -> str:
    """The secret as people and programs exchange it.

    Raises:
        ConfigurationError: the key is too short or too long.
    """
    if not SHORTEST <= len(key) <= LONGEST:
        raise ConfigurationError(f"A signing secret has {SHORTEST} to {LONGEST} random bytes, this one {len(key)}.")
    return PREFIX + base64.b64encode(key).decode()


def decode_secret(secret: str) -> bytes:
    """The key in a secret of the form `whsec_…`.

    Raises:
        ConfigurationError: it is not one. The text never holds any of it.
    """
    remedy = f"It is {PREFIX} and the base64 of {SHORTEST} to {LONGEST} random bytes."
    if not secret.startswith(PREFIX):
        raise ConfigurationError(f"A signing secret starts with {PREFIX}.", remedy=remedy)
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError("A signing secret is not base64.", remedy=remedy) from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ConfigurationError(f"A signing secret has {len(key)} bytes.", remedy=remedy)
    return key


def sign(key: bytes, *, id_: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and the base64 of the HMAC."""
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def signed_headers(secrets: Sequence[str], *, id_: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of one attempt.

    Args:
        secrets: the current secret first, and during a rotation the previous one.
        id_: id of the event; the same for every attempt.
        now: time of this attempt, with a time zone.
        body: exactly the bytes that will be sent.

    Raises:
        ConfigurationError: there is no secret, there are too many, or one is malformed.
    """
    if not 1 <= len(secrets) <= MOST_SECRETS:
        raise ConfigurationError(f"A subscriber has one signing secret, or two during a rotation, not {len(secrets)}.")
    if not _IDENTIFIER.match(id_):
        raise ConfigurationError("The id of a webhook has 1 to 128 letters, digits, dashes and underscores.")
    timestamp = _seconds(now)
    return {
        ID: id_,
        TIMESTAMP: str(timestamp),
        SIGNATURE: " ".join(sign(decode_secret(secret), id_=id_, timestamp=timestamp, body=body) for secret in secrets),
    }


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Check a message as its receiver does, in constant time.

    Args:
        headers: of the request; their case does not matter.
        body: the bytes as they were received, before any parsing.
        secrets: any of these may have signed.
        now: the receiver's time, with a time zone.

    Raises:
        SignatureInvalid: do not trust the message.
        ConfigurationError: a secret is malformed.
    """
    keys = [decode_secret(secret) for secret in secrets]
    lower = {name.lower(): value for name, value in headers.items()}
    id_, stamp, given = (lower.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not id_ or not stamp or not given:
        raise SignatureInvalid(f"One of the headers {ID}, {TIMESTAMP} and {SIGNATURE} is missing.")
    if not _SECONDS.match(stamp):
        raise SignatureInvalid(f"The header {TIMESTAMP} is not a number of seconds.")
    timestamp = int(stamp)
    _require_zone(now)
    if abs(now.timestamp() - timestamp) > TOLERANCE:
        raise SignatureInvalid("The message is too old or too new.")
    expected = [sign(key, id_=id_, timestamp=timestamp, body=body).encode() for key in keys]
    matched = False
    for candidate in given.split(" "):
        for signature in expected:
            # Every pair is compared, so that the time does not tell which one matched.
            matched |= hmac.compare_digest(signature, candidate.encode())
    if not matched:
        raise SignatureInvalid("No signature of the message was made with this secret.")


def _seconds(now: datetime) -> int:
    _require_zone(now)
    return int(now.timestamp())


def _require_zone(now: datetime) -> None:
    if now.tzinfo is None:
        raise ValueError("the time must have a time zone")
