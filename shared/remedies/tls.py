"""What a failed encryption of a connection means."""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies.model import Kind, Owner, Reach, Remedy

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "tls_self_signed",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.SERVER,
        _("The certificate of the server[ {host}] is self-signed: the certificate is not issued by a trusted party."),
        _(
            "Install a certificate of a public authority. If the server has a certificate authority of its own, enter that "
            "authority's certificate with the connection."
        ),
    ),
    Remedy(
        "tls_unknown_authority",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.SERVER,
        _(
            "The certificate of the server[ {host}] was issued by an authority that is not known, or a link of its chain is missing."
        ),
        _(
            "Let the server send its whole chain. If it has a certificate authority of its own, enter that authority's certificate "
            "with the connection."
        ),
    ),
    Remedy(
        "tls_expired",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.SERVER,
        _("The certificate of the server[ {host}] has expired or is not valid yet."),
        _("Renew the certificate of the server."),
    ),
    Remedy(
        "tls_wrong_name",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.PERSON,
        _("The certificate of the server is for another name than the one that was entered[: {host}]."),
        _("Enter the name of the server that its certificate is for."),
    ),
    Remedy(
        "tls_not_spoken",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.PERSON,
        _("The server[ {host}] does not begin with TLS on this port[ ({port})]."),
        _("Choose STARTTLS for this port, or the port for TLS: 993 for IMAP, 465 for SMTP."),
    ),
    Remedy(
        "tls_failed",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.SERVER,
        _("No encryption could be agreed on with the server[ {host}]; its version of TLS may be too old."),
        _("Let the server offer TLS 1.2 or later."),
    ),
)

ALIASES: dict[str, str] = {}
