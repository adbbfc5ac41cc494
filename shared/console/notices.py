"""What every page of a company says at its top: what needs a person now."""

from __future__ import annotations

from dataclasses import dataclass

from shared.console.product import Product
from shared.language.texts import Texts
from shared.model.config import Company


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
    """What is open for a company: mailboxes whose last work failed."""
    found: list[Notice] = []
    for mailbox in company.mailboxes:
        if not mailbox.active:
            continue
        lane = await product.services.lanes.read(product.services.sources.lane(company, mailbox))
        if isinstance(lane.state.cursors.get("failure"), dict):
            text = texts.say("{address} cannot be read at the moment.", address=mailbox.address)
            found.append(Notice("bad", text, f"/companies/{company.id}/mailboxes/{mailbox.id}"))
    return tuple(found)
