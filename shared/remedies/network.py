"""What it means that no conversation came about."""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy

_OPEN_FIREWALL = _(
    "Check server and port. Let the firewall of the server accept connections from Postrum[; its outbound addresses are {addresses}]."
)

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "network_dns",
        Kind.NETWORK,
        Reach.HOST,
        Owner.PERSON,
        _("The name of the server[ {host}] cannot be resolved."),
        _("Check the spelling of the name. If it is right, its DNS has trouble: try again later."),
    ),
    Remedy(
        "network_refused",
        Kind.NETWORK,
        Reach.HOST,
        Owner.NETWORK,
        _("The server[ {host}] takes no connections on this port[ ({port})]."),
        _OPEN_FIREWALL,
    ),
    Remedy(
        "network_timeout",
        Kind.NETWORK,
        Reach.HOST,
        Owner.NETWORK,
        _("The server[ {host}] did not answer in time; a firewall may swallow the connection."),
        _OPEN_FIREWALL,
    ),
    Remedy(
        "network_unreachable",
        Kind.NETWORK,
        Reach.HOST,
        Owner.NETWORK,
        _("There is no way from here to the server[ {host}]."),
        _(
            "Check the network of the deployment and of the server. If other mailboxes work, try again in a few minutes."
        ),
    ),
    Remedy(
        "network_broken",
        Kind.NETWORK,
        Reach.HOST,
        Owner.NOBODY,
        _("The connection to the server[ {host}] broke."),
        WAIT,
    ),
    Remedy(
        "network_busy",
        Kind.LIMIT,
        Reach.DEPLOYMENT,
        Owner.NOBODY,
        _("All connections of this worker are in use at the moment."),
        WAIT,
    ),
    Remedy(
        "address_refused",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.DEPLOYMENT,
        _("The address leads into a network that may not be called from here."),
        _(
            "Use an address that is reachable from the public internet. A server in your own network needs an entry in "
            "POSTRUM_ALLOWED_NETWORKS."
        ),
    ),
    Remedy(
        "network_smtp_port",
        Kind.NETWORK,
        Reach.DEPLOYMENT,
        Owner.NETWORK,
        _(
            "The port for sending mail[ ({port})] seems to be closed; Azure itself closes port 25 in most subscriptions."
        ),
        _("Use port 587 or 465. Otherwise let IT open the port[, for the outbound addresses {addresses}]."),
        links.OUTBOUND_SMTP,
    ),
)

ALIASES: dict[str, str] = {"network": "network_unreachable"}
