"""What tokens are asked for. Each is spelled in full, with its resource.

https://learn.microsoft.com/graph/permissions-reference#mail-permissions
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
https://developers.google.com/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

from typing import Final

from shared.model.config import ConnectionKind

GRAPH_DEFAULT: Final = "https://graph.microsoft.com/.default"
"""For the application itself: every application permission that was consented."""
GRAPH_MAIL: Final = "https://graph.microsoft.com/Mail.ReadWrite.Shared"
"""For an account: its own mailbox and those that it has access to."""
OUTLOOK_IMAP: Final = "https://outlook.office.com/IMAP.AccessAsUser.All"
"""The same by IMAP."""
GMAIL: Final = "https://mail.google.com/"
"""The only scope that Gmail's IMAP server takes."""
NO_MAIL: Final = "openid profile"
"""Makes the application known in a tenant, and opens no mailbox."""

_OF_KIND: Final = {
    ConnectionKind.GRAPH_DELEGATED: GRAPH_MAIL,
    ConnectionKind.IMAP_MICROSOFT: OUTLOOK_IMAP,
    ConnectionKind.GOOGLE: GMAIL,
}


def scope_of(kind: ConnectionKind) -> str:
    """What a token is asked for that reads a mailbox of this kind.

    Raises:
        KeyError: the kind acts for no account that signed in.
    """
    return _OF_KIND[kind]
