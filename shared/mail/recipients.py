"""For whom a mail was delivered: the address that brought it here, which need not stand in To or Cc.

Every trace has its source beside it. Each of these fields can be written by the sender too: they say where a mail belongs,
never what anybody may do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from shared.mail.addresses import parse_addresses
from shared.mail.headers import Headers
from shared.model.mail import Person, Recipient, RecipientSource

__all__ = ["find_recipients", "resolve_recipient"]

MOST = 100
LONGEST = 10_000
_FOR = re.compile(rb"\bfor\s+<?([^\s<>;,()\"]{1,320}@[^\s<>;,()\"]{1,255})>?", re.I)
_FIELDS: tuple[tuple[RecipientSource, tuple[str, ...]], ...] = (
    ("delivered_to", ("delivered-to",)),
    ("original_to", ("x-original-to", "envelope-to", "x-envelope-to", "x-original-recipient")),
    ("resent", ("resent-to", "resent-cc", "resent-bcc")),
)
"""In the order of their weight: what the last server noted goes before what others did."""


def find_recipients(headers: Headers, to: Sequence[Person], cc: Sequence[Person]) -> tuple[Recipient, ...]:
    """Every address that the mail may have been delivered for, the most certain first, each once.

    `listed` says whether it stands in To or Cc. Where a server noted one that does not, the mail came as a blind copy, by an
    alias or by a list; which of them only somebody knows who has the addresses of the mailbox: see `resolve_recipient`.
    """
    open_copies = {_key(person.address) for person in (*to, *cc)}
    found: dict[str, Recipient] = {}
    for source, address in _traces(headers, to, cc):
        key = _key(address)
        if "@" in key and key not in found and len(found) < MOST:
            found[key] = Recipient(address=address, source=source, listed=key in open_copies)
    return tuple(found.values())


def resolve_recipient(recipients: Sequence[Recipient], own: Collection[str], mailbox: str) -> Recipient:
    """The address of ours that the mail was for: the first trace among the mailbox's `own` addresses, also with a
    `+tag`; else the mailbox itself, with source `mailbox`.

    `listed` is then false for a blind copy: no address of ours stands in To or Cc.
    """
    ours = {_key(address) for address in (*own, mailbox)}
    matching = [one for one in recipients if _key(one.address) in ours or _key(_without_tag(one.address)) in ours]
    listed = any(one.listed for one in matching)
    if matching:
        # the server notes the mailbox where the sender wrote an alias: the alias says more
        chosen = next((one for one in matching if _key(one.address) != _key(mailbox)), matching[0])
        return chosen.model_copy(update={"listed": listed})
    return Recipient(address=mailbox, source="mailbox", listed=False)


def _traces(headers: Headers, to: Sequence[Person], cc: Sequence[Person]) -> Iterator[tuple[RecipientSource, str]]:
    """Addresses with their sources, the strongest first."""
    for source, names in _FIELDS:
        for name in names:
            for value in headers.all(name)[:10]:
                for person in parse_addresses(value[:LONGEST])[:MOST]:
                    yield source, person.address
    for value in headers.all("received")[:50]:
        if found := _FOR.search(value[:LONGEST].partition(b";")[0]):
            yield "received_for", found[1].decode("utf-8", "replace")
    for person in to[:MOST]:
        yield "to", person.address
    for person in cc[:MOST]:
        yield "cc", person.address


def _key(address: str) -> str:
    return address.strip().casefold()


def _without_tag(address: str) -> str:
    """`invoice+denmark@example.org` without its tag (RFC 5233)."""
    local, at, domain = address.rpartition("@")
    return local.partition("+")[0] + at + domain
