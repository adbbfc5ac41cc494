"""Where a mailbox is: the host that is called for it, and the tenant that it belongs to (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.model.config import ConnectionKind, Mailbox

MICROSOFT_KINDS = frozenset({ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_MICROSOFT})


@dataclass(frozen=True, slots=True)
class Place:
    """Host and tenant; the tenant is empty for mailboxes that belong to none."""

    host: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Places:
    """Knows the place of each mailbox.

    Attributes:
        graph_host: host name of Microsoft Graph.
        gmail_host: host name of Gmail's IMAP server.
        outlook_host: host name of Exchange Online's IMAP server.
        tenant_id: tenant of mailboxes that name none.
    """

    graph_host: str
    gmail_host: str
    outlook_host: str
    tenant_id: str

    def of(self, mailbox: Mailbox) -> Place:
        """The place of a mailbox."""
        tenant = (mailbox.tenant_id or self.tenant_id) if mailbox.connection in MICROSOFT_KINDS else ""
        match mailbox.connection:
            case ConnectionKind.IMAP_PASSWORD:
                host = mailbox.imap.host.lower() if mailbox.imap is not None else ""
            case ConnectionKind.GOOGLE:
                host = self.gmail_host
            case ConnectionKind.IMAP_MICROSOFT:
                host = self.outlook_host
            case _:
                host = self.graph_host
        return Place(host, tenant)
