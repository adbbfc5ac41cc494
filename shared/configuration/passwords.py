"""Passwords of mail servers belong to the server that they were entered for: whoever names another one gets none of them."""

from __future__ import annotations

from collections.abc import Iterator

from shared.model.config import Company, Mailbox
from shared.stores.secret_store import SecretStore


def password_name(company: str, mailbox: str) -> str:
    """Name of a mailbox's password in the secret store."""
    return f"imap-{company}-{mailbox}"


def misplaced(old: Company, new: Company) -> Iterator[str]:
    """Mailboxes, by id, whose password was entered for a server that they name no longer (pure)."""
    for mailbox in old.mailboxes:
        if _server(mailbox) is not None and _server(new.mailbox(mailbox.id)) != _server(mailbox):
            yield mailbox.id


async def forget_password(secrets: SecretStore, company: str, mailbox: str) -> None:
    """Keep nothing in place of a password, where there is one.

    It is not deleted: a vault gives the name of a deleted secret back with its last value only.
    """
    name = password_name(company, mailbox)
    if await secrets.get(name):
        await secrets.put(name, "")


def _server(mailbox: Mailbox | None) -> tuple[str, int] | None:
    if mailbox is None or mailbox.imap is None:
        return None
    return mailbox.imap.host.lower(), mailbox.imap.port
