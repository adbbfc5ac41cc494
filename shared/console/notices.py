"""What every page of a company says at its top: what needs a person now.

Alerts say what the tick found, at most a minute ago; connections say what the last call to a mailbox found. What both know is said once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from shared.console.product import Product
from shared.language.texts import Texts, gettext_noop
from shared.model.alert import Alert, Severity
from shared.model.config import Company, Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.pipeline.alert_texts import title
from shared.remedies import known, told

BROKEN: Final = frozenset(
    {
        ConnectionState.ERROR,
        ConnectionState.SIGN_IN_AGAIN,
        ConnectionState.CONSENT_FORBIDDEN,
        ConnectionState.AWAITING_CONSENT,
    }
)
"""States in which an active mailbox does not get its mail, and in which somebody can do something about it."""
MOST: Final = 5
"""Lines; where there are more, one line says how many."""
_RECONNECT = gettext_noop("{address} is not connected. Open the mailbox and connect it again.")


RECONNECT = frozenset(ConnectionState) - {ConnectionState.NEW, ConnectionState.CONNECTED, ConnectionState.ERROR}
"""States in which a person has to do something, and waiting does not help. An error may pass by itself."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line.

    Attributes:
        kind: `bad` or `warning`.
        text: in the visitor's language.
        path: page where it can be mended; empty where there is none.
    """

    kind: str
    text: str
    path: str = ""


async def notices(product: Product, company: Company, texts: Texts) -> tuple[Notice, ...]:
    """What is open for a company: active mailboxes that have to be connected again, or whose last work failed."""
    active = [mailbox for mailbox in company.mailboxes if mailbox.active]
    if not active:
        return ()
    connections = {stored.connection.mailbox: stored.connection for stored in await product.connections.of(company.id)}
    found: list[Notice] = []
    for mailbox in active:
        path = f"/companies/{company.id}/mailboxes/{mailbox.id}"
        connection = connections.get(mailbox.id)
        if connection is not None and connection.state in RECONNECT:
            text = texts.say("{address} has to be connected again.", address=mailbox.address)
            found.append(Notice("bad", text, f"{path}/setup/access"))
            continue
        lane = await product.services.lanes.read(product.services.sources.lane(company, mailbox))
        if isinstance(lane.state.cursors.get("failure"), dict):
            text = texts.say("{address} cannot be read at the moment.", address=mailbox.address)
            found.append(Notice("bad", text, path))
    return tuple(found)
