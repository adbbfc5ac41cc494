"""Where the mail servers are whose hosts nobody has to type."""

from __future__ import annotations

from shared.model.config import ConnectionKind, ImapEncryption, ImapServer, Mailbox


def server_of(mailbox: Mailbox, *, gmail: tuple[str, int], outlook: tuple[str, int]) -> ImapServer:
    """The IMAP server of a mailbox.

    Args:
        mailbox: of a kind that is read by IMAP.
        gmail: host and port of Gmail's; `imap.gmail.com`, 993 in production.
        outlook: host and port of Exchange Online's; `outlook.office365.com`, 993 in production.

    Raises:
        ValueError: the mailbox is not read by IMAP.
    """
    match mailbox.connection:
        case ConnectionKind.GOOGLE:
            host, port = gmail
        case ConnectionKind.IMAP_MICROSOFT:
            host, port = outlook
        case ConnectionKind.IMAP_PASSWORD if mailbox.imap is not None:
            return mailbox.imap
        case _:
            raise ValueError(f"a {mailbox.connection.value} mailbox is not read by IMAP")
    return ImapServer(host=host, port=port, encryption=ImapEncryption.TLS, user_name=mailbox.address)
