"""A mailbox at a real Dovecot, as a person with a mail program sees and changes it."""

from __future__ import annotations

import re
import shutil
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import trustme
from imapclient import IMAPClient
from imapclient.imap_utf7 import encode

from local.dovecot import Dovecot
from shared.model.config import ImapEncryption, ImapServer
from shared.sources.imap.ids import MailId, fields_of, mark_of
from shared.sources.imap.keywords import categories_of, keyword_of
from shared.sources.imap.sign_in import PasswordSignIn
from shared.sources.imap.source import ImapSource

USERS = 600  # one for each test that wants a mailbox; one that is not used costs a line
PASSWORD = 'a passw\\ord with " and ü'
_numbers = count()


@contextmanager
def dovecot(
    authority: trustme.CA, *, introspection: str | None = None, separator: str = "/", prefix: str = "", without: tuple[str, ...] = (),
    token_mechanisms: tuple[str, ...] = ("xoauth2", "oauthbearer"),
) -> Iterator[Dovecot]:  # fmt: skip
    """A server with a certificate for 127.0.0.1 and localhost."""
    folder = Path(tempfile.mkdtemp(prefix="postrum-mail-"))
    try:
        folder.chmod(0o755)  # as root, mails belong to nobody
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        issued = authority.issue_cert("127.0.0.1", "localhost")
        issued.private_key_pem.write_to_path(key)
        for at, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(certificate, append=at > 0)
        users = {f"box{number}@company.example": PASSWORD for number in range(USERS)}
        with Dovecot(
            folder,
            certificate=(certificate, key),
            users=users,
            introspection=introspection,
            token_mechanisms=token_mechanisms,
            separator=separator,
            prefix=prefix,
            without=without,
        ) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class ImapProvider:
    """One mailbox that no other test uses, unless an address is given. Paths are below the inbox."""

    def __init__(self, server: Dovecot, authority: trustme.CA, address: str | None = None) -> None:
        self.server = server
        self.address = address or f"box{next(_numbers)}@company.example"
        self.authority = authority.cert_pem.bytes().decode()
        self._separator, self._below = "/", "INBOX/"
        self._delivered: Counter[str] = Counter()
        context = ssl.create_default_context(cadata=self.authority)
        self.client = IMAPClient("127.0.0.1", server.imaps_port, ssl_context=context, timeout=30)
        self.client.normalise_times = False
        self.client.plain_login(self.address, PASSWORD)
        # a server that does not mention them has them all the same
        self.client._cached_capabilities = (b"IMAP4REV1", b"UIDPLUS", b"MOVE")
        if not self.client.folder_exists("INBOX"):
            self.client.create_folder("INBOX")
        [(_, separator, _)] = self.client.list_folders("", "INBOX")
        self._separator = separator.decode()
        self._below = f"INBOX{self._separator}"

    def close(self) -> None:
        self.client.shutdown()

    def imap_server(self, encryption: ImapEncryption = ImapEncryption.TLS, host: str = "127.0.0.1") -> ImapServer:
        port = self.server.imaps_port if encryption is ImapEncryption.TLS else self.server.imap_port
        return ImapServer(host=host, port=port, encryption=encryption, certificate_authority=self.authority)

    def sign_in(self) -> PasswordSignIn:
        return PasswordSignIn(self.address, PASSWORD)

    def folder_name(self, path: str) -> str:
        """As IMAPClient takes it."""
        return self._below + path.replace("/", self._separator) if path else "INBOX"

    def folder_id(self, path: str) -> str:
        return str(encode(self.folder_name(path)).decode("ascii"))

    def path(self, folder: str) -> str:
        return "" if folder == "INBOX" else folder.removeprefix(self._below).replace(self._separator, "/")

    def deliver(
        self,
        content: bytes,
        folder: str = "",
        *,
        received: datetime | None = None,
        is_read: bool = False,
        categories: tuple[str, ...] = (),
    ) -> str:
        flags = [*([b"\\Seen"] if is_read else []), *(keyword_of(category).encode() for category in categories)]
        said = self.client.append(self.folder_name(folder), content, flags, received)
        self._delivered[folder] += 1
        return self._id(folder, said, b"APPENDUID (\\d+) (\\d+)", content)

    def make_folder(self, path: str) -> None:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            name = self.folder_name("/".join(parts[:end]))
            if not self.client.folder_exists(name):
                self.client.create_folder(name)

    def recreate_folder(self, path: str, contents: Sequence[bytes]) -> None:
        """Delete a folder and make it again with these mails: it has another UIDVALIDITY, and its UIDs begin anew."""
        name = self.folder_name(path)
        before = self.client.folder_status(name, ["UIDVALIDITY"])[b"UIDVALIDITY"]
        self.client.select_folder("INBOX")
        self.client.delete_folder(name)
        self.client.create_folder(name)
        assert self.client.folder_status(name, ["UIDVALIDITY"])[b"UIDVALIDITY"] != before
        for content in contents:
            self.client.append(name, content)

    def move(self, provider_id: str, folder: str) -> None:
        if folder:
            self.make_folder(folder)
        self.client.select_folder(self.path_name(provider_id))
        self.client.move([MailId.parse(provider_id).uid], self.folder_name(folder))

    def delete(self, provider_id: str) -> None:
        self.client.select_folder(self.path_name(provider_id))
        self.client.delete_messages([MailId.parse(provider_id).uid])
        self.client.uid_expunge([MailId.parse(provider_id).uid])

    def path_name(self, provider_id: str) -> str:
        return self.folder_name(self.path(MailId.parse(provider_id).folder))

    def place(self, provider_id: str) -> str | None:
        return None if self.flags(provider_id) is None else self.path(MailId.parse(provider_id).folder)

    def moves(self, provider_id: str) -> int:
        """Mails that came into the folder without being delivered there."""
        folder = self.path(MailId.parse(provider_id).folder)
        status = self.client.folder_status(self.folder_name(folder), ["UIDNEXT"])
        return int(status[b"UIDNEXT"]) - 1 - self._delivered[folder]

    def is_read(self, provider_id: str) -> bool:
        return b"\\Seen" in (self.flags(provider_id) or ())

    def categories(self, provider_id: str) -> tuple[str, ...]:
        return categories_of(flag.decode() for flag in self.flags(provider_id) or ())

    def contents(self) -> dict[str, list[str]]:
        """Everything that is in the mailbox, by folder: each mail with its Message-ID and flags, and how many ever came in."""
        found: dict[str, list[str]] = {}
        for _, _, name in self.client.list_folders():
            self.client.select_folder(name, readonly=True)
            next_uid = self.client.folder_status(name, ["UIDNEXT"])[b"UIDNEXT"]
            there = self.client.search("ALL")
            mails = self.client.fetch(there, ["FLAGS", "ENVELOPE"]).values() if there else ()
            told = (
                f"{mail[b'ENVELOPE'].message_id.decode()} {sorted(set(mail[b'FLAGS']) - {b'\\Recent'})}"
                for mail in mails
            )
            found[self.path(name)] = [f"{int(next_uid) - 1} came in", *sorted(told)]
        return found

    def junk(self, content: bytes) -> None:
        self.client.append(f"{self.server.prefix}Junk", content)

    def flags(self, provider_id: str) -> tuple[bytes, ...] | None:
        mail = MailId.parse(provider_id)
        self.client.select_folder(self.path_name(provider_id))
        found = self.client.get_flags([mail.uid])
        return tuple(found[mail.uid]) if mail.uid in found else None

    def _id(self, folder: str, said: bytes, pattern: bytes, content: bytes) -> str:
        found = re.search(pattern, said)
        assert found is not None
        mark = mark_of(fields_of(content.partition(b"\r\n\r\n")[0] + b"\r\n"))
        return str(MailId(self.folder_id(folder), int(found[1]), int(found[2]), mark))


def source_of(provider: ImapProvider, **changes: object) -> ImapSource:
    """The source of a provider's mailbox; on this machine loopback has to be allowed."""
    given = {
        "address": provider.address,
        "server": provider.imap_server(),
        "sign_in": provider.sign_in(),
        "allowed": (ip_network("127.0.0.0/8"),),
    }
    return ImapSource(**(given | changes))  # type: ignore[arg-type]
