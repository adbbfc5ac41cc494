"""All kinds of mail sources, by how a mailbox is connected. A new source is one package beside this file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shared.model.config import Company, ConnectionKind, ImapServer, Mailbox
from shared.net.guard import Network
from shared.sources.base import MailSource
from shared.sources.graph import GraphClient, GraphSource
from shared.sources.imap.sign_in import SignIn


class Parts(Protocol):
    """What sources are made of. Asking for a part connects to nothing."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """Networks inside which mail servers may be, although they are not public."""

    @property
    def ca_file(self) -> Path | None:
        """Authorities to trust instead of the public ones; for development."""

    def application(self, mailbox: Mailbox) -> GraphClient:
        """Graph, as the application, in the tenant of the mailbox."""

    def account(self, company: Company, mailbox: Mailbox) -> GraphClient:
        """Graph, for the account that signed in for the mailbox."""

    def mail_server(self, mailbox: Mailbox) -> ImapServer:
        """Where the mailbox is."""

    def sign_in(self, company: Company, mailbox: Mailbox) -> SignIn:
        """How its mail server is signed in to."""


def _graph_app(company: Company, mailbox: Mailbox, parts: Parts) -> MailSource:
    return GraphSource(parts.application(mailbox), mailbox.address)


def _graph_delegated(company: Company, mailbox: Mailbox, parts: Parts) -> MailSource:
    return GraphSource(parts.account(company, mailbox), mailbox.address)


def _imap(company: Company, mailbox: Mailbox, parts: Parts) -> MailSource:
    # Late: most deployments never read by IMAP.
    from shared.sources.imap.source import ImapSource

    return ImapSource(
        address=mailbox.address,
        server=parts.mail_server(mailbox),
        sign_in=parts.sign_in(company, mailbox),
        allowed=parts.networks,
        ca_file=parts.ca_file,
    )


SOURCES: dict[ConnectionKind, Callable[[Company, Mailbox, Parts], MailSource]] = {
    ConnectionKind.GRAPH_APP: _graph_app,
    ConnectionKind.GRAPH_DELEGATED: _graph_delegated,
    ConnectionKind.IMAP_MICROSOFT: _imap,
    ConnectionKind.GOOGLE: _imap,
    ConnectionKind.IMAP_PASSWORD: _imap,
}
