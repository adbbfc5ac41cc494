"""What the tests of the sender share."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

from shared.webhooks.attempt import Attempt
from shared.webhooks.sender import Sender
from shared.webhooks.signing import encode_secret

LOOPBACK = (ip_network("127.0.0.0/8"),)
SECRET = encode_secret(b"a secret of the tests, 32 bytes!")
BODY = b'{"specversion":"1.0","id":"e-1"}'


def local_sender(*, deadline: float = 10.0) -> Sender:
    """A sender that may call this machine."""
    return Sender(allowed=LOOPBACK, allow_http=True, deadline=deadline)


async def post(sender: Sender, url: str, *, secrets: tuple[str, ...] = (SECRET,)) -> Attempt:
    return await sender.post(url, event_id="e-1", body=BODY, secrets=secrets, now=datetime.now(UTC))
