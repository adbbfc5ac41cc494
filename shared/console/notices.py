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
    """What is open for a company: its alerts and those of the deployment, and active mailboxes whose connection is broken."""
    lists, connections = await asyncio.gather(product.alert_list(company.id), product.connections.of(company.id))
    boxes = {mailbox.id: mailbox for mailbox in company.mailboxes}
    found = [_of_alert(alert, company, boxes.get(alert.mailbox), texts) for alert in lists.open]
    told_of = {alert.mailbox for alert in lists.open if alert.company == company.id}
    for stored in connections:
        mailbox = boxes.get(stored.connection.mailbox)
        if mailbox is None or not mailbox.active or mailbox.id in told_of:
            continue
        if stored.connection.state in BROKEN and stored.connection.kind is mailbox.connection:
            found.append(_of_connection(stored.connection, mailbox, texts))
    if len(found) <= MOST:
        return tuple(found)
    more = len(found) - MOST + 1
    text = texts.ngettext("{count} more thing needs attention.", "{count} more things need attention.", more)
    kind = "bad" if any(notice.kind == "bad" for notice in found[MOST - 1 :]) else "warning"
    return (*found[: MOST - 1], Notice(kind, text.format(count=more), f"/companies/{company.id}/alerts"))


def _of_alert(alert: Alert, company: Company, mailbox: Mailbox | None, texts: Texts) -> Notice:
    path = f"/companies/{company.id}/mailboxes/{mailbox.id}" if mailbox else ""
    kind = "bad" if alert.severity is Severity.CRITICAL else "warning"
    return Notice(kind, title(alert, texts, mailbox=mailbox.address if mailbox else ""), path)


def _of_connection(connection: Connection, mailbox: Mailbox, texts: Texts) -> Notice:
    text = texts.say(_RECONNECT, address=mailbox.address)
    if known(connection.code):
        text = f"{text} {told(connection.code, texts.language, mailbox=mailbox.address).cause}"
    return Notice("bad", text, f"/companies/{connection.company}/mailboxes/{mailbox.id}")
