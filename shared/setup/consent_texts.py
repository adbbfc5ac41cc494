"""What a person reads beside a connection, in their language. The wording of the first two is fixed: people search for it."""

from __future__ import annotations

from shared.language.texts import Texts
from shared.model.config import ConnectionKind


def granted_text(address: str, texts: Texts) -> str:
    """What stands in green beside the button once the mailbox is connected."""
    return texts.say('Access granted to "{address}"', address=address)


def failed_text(kind: ConnectionKind, texts: Texts) -> str:
    """What stands in red below the button where the connection fails."""
    if kind in (ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED):
        return texts.say("Could not connect to the mailbox")
    return texts.say("Could not connect to the IMAP account")


def waiting_text(time: str, texts: Texts) -> str:
    """What stands there while a grant is on its way.

    Args:
        time: of the next check, as that person reads times.
        texts: of that person's language.
    """
    return texts.say("Waiting for propagation, next check at {time}", time=time)


def justification(address: str, company: str, texts: Texts) -> str:
    """A text that a person may copy into the directory's request for approval."""
    return texts.say(
        "Postrum reads the mailbox {address} for {company}: it takes in incoming mail and moves it into the folders that we "
        "chose. It acts with the rights of the signed-in account only, and the permission can be withdrawn at any time.",
        address=address,
        company=company,
    )
