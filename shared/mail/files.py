"""Files that are no mail with a header: a body alone, an Outlook .msg, a winmail.dat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from shared.mail import containers
from shared.mail.assemble import assemble
from shared.mail.bodies import Body
from shared.mail.leaves import LeafEvent, Outbox
from shared.mail.level import Level
from shared.mail.limits import Account, Limits
from shared.mail.outlook import NotReadable
from shared.mail.sniff import OLE, TNEF, sniff
from shared.model.mail import Mail

__all__ = ["kind_of_file", "read_body", "read_outlook"]


def kind_of_file(head: bytes) -> Literal["mail", "msg", "tnef", "document"]:
    """What a file is, by its first bytes."""
    if head.startswith(OLE):
        return "msg"
    if head.startswith(TNEF):
        return "tnef"
    return "document" if sniff(head) in ("application/pdf", "application/xml") else "mail"


def read_body(data: bytes, *, html: bool, limits: Limits = Limits()) -> Mail:  # noqa: B008 (frozen)
    """A body without header, in UTF-8."""
    account = Account(limits)
    outbox = Outbox(account.warn)
    level = Level(outbox, account)
    kept = data[: limits.body_bytes]
    if len(kept) < len(data):
        account.warn("body_cut", "the text is longer than what is kept for reading")
    level.bodies.append(Body("text/html" if html else "text/plain", "utf-8", bytearray(kept), len(kept) == len(data)))
    mail = assemble(level, outbox, account, len(data), frozenset())
    return mail.model_copy(update={"type": "html" if html else "body"})


def read_outlook(
    data: bytes,
    kind: Literal["msg", "tnef"],
    on_leaf: Callable[[LeafEvent], None] | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Mail:
    """An Outlook .msg or a winmail.dat; a damaged one gives a mail with a warning."""
    account = Account(limits)
    outbox = Outbox(account.warn)
    level = Level(outbox, account)
    try:
        message = (containers.read_msg if kind == "msg" else containers.read_tnef)(data, limits.mails_deep)
    except NotReadable as error:
        account.breach("container_not_opened", str(error))
    else:
        level.headers = message.headers
        level.add_outlook(message, "", bodies=True)
        level.mark_inline()
    for event in outbox.events:
        if on_leaf:
            on_leaf(event)
    mail = assemble(level, outbox, account, len(data), frozenset())
    return mail.model_copy(update={"type": kind})
