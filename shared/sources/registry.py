"""All kinds of mail sources, by how a mailbox is connected. A new source is one package beside this file and one line here."""

from __future__ import annotations

from collections.abc import Callable

from shared.model.config import ConnectionKind, Mailbox
from shared.sources.base import MailSource
from shared.sources.graph import GraphClient, GraphSource

GraphClients = Callable[[Mailbox], GraphClient]
"""Gives the client for the tenant of a mailbox."""


def _graph(mailbox: Mailbox, clients: GraphClients) -> MailSource:
    return GraphSource(clients(mailbox), mailbox.address)


SOURCES: dict[ConnectionKind, Callable[[Mailbox, GraphClients], MailSource]] = {
    ConnectionKind.GRAPH_APP: _graph,
}
