"""The mail server of `make run`: a Dovecot with a mailbox to read by IMAP, and the mailboxes of Google accounts of the emulator.

Tokens are judged by the emulator: whoever signs in at its Google page, or at its Entra, opens their mailbox here.
"""

from __future__ import annotations

import asyncio
import imaplib
import secrets
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from local import debian
from local.dovecot import Dovecot, DovecotError, dovecot_program
from local.setup import ROOT
from shared.configuration.passwords import password_name
from shared.configuration.yaml_file import companies
from shared.identity.google import CLIENT_SECRET

CONFIGURATION = ROOT / "local" / "sample_mailbox" / "imap.yaml"
GMAIL = "invoice@gmail.example"
"""The account of the emulator's Google whose mailbox has mails in it."""
PACKAGES = ("dovecot-core", "dovecot-imapd")
SAMPLES = ("02-da-invoice", "06-nl-invoice", "10-en-order", "16-sv-invoice", "28-da-html", "46-de-reminder")


class MailServer:
    """A running mail server. `start` and `stop` block.

    Args:
        emulator: what its `emulator.json` says.
        directory: of the emulator: where its certificate authority is.
        port: where to listen with TLS; 0 takes a free one.

    Attributes:
        company: as `imap.yaml` has it, with the place of this server.
        password: of the company's mailbox.
    """

    def __init__(self, emulator: Mapping[str, str], directory: Path, port: int) -> None:
        self.password = secrets.token_urlsafe(12)
        [self.company] = companies(CONFIGURATION.read_text("utf-8"), CONFIGURATION.name)
        self._emulator = emulator
        self._directory = directory
        self._folder: Path | None = None
        self._port = port
        self._dovecot: Dovecot | None = None

    @property
    def address(self) -> str:
        """The mailbox that is read by IMAP."""
        return self.company.mailboxes[0].address

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._dovecot.imaps_port if self._dovecot else self._port}"

    def settings(self) -> dict[str, str]:
        """What the app has to know to reach Gmail and Exchange Online here, and Google at the emulator."""
        google = self._emulator["google_url"]
        return {
            "POSTRUM_GMAIL_IMAP": self.place,
            "POSTRUM_OUTLOOK_IMAP": self.place,
            "POSTRUM_GOOGLE_CLIENT_ID": self._emulator["google_client_id"],
            "POSTRUM_GOOGLE_SIGN_IN": f"{google}/o/oauth2/v2/auth",
            "POSTRUM_GOOGLE_TOKEN": f"{google}/token",
        }

    def secrets(self) -> dict[str, str]:
        """What belongs into the secret store, by name."""
        return {
            password_name(self.company.id, self.company.mailboxes[0].id): self.password,
            CLIENT_SECRET: self._emulator["google_client_secret"],
        }

    def start(self, mails: Sequence[Path]) -> None:
        """Start, with these mails in both mailboxes.

        Raises:
            DovecotError: it is not installed, or did not start.
        """
        # not in the folder of the run: as root, mails belong to nobody, who could not enter it
        self._folder = Path(tempfile.mkdtemp(prefix="postrum-run-mail-"))
        self._folder.chmod(0o755)
        authority = trustme.CA.from_pem(
            (self._directory / "ca.pem").read_bytes(), (self._directory / "ca-key.pem").read_bytes()
        )
        issued = authority.issue_cert("127.0.0.1", "localhost")
        certificate = self._folder / "certificate.pem", self._folder / "key.pem"
        issued.cert_chain_pems[0].write_to_path(certificate[0])
        certificate[1].touch(mode=0o600)
        issued.private_key_pem.write_to_path(certificate[1])
        pinned = authority.cert_pem.bytes().decode("ascii")
        dovecot = Dovecot(
            self._folder,
            certificate=certificate,
            users={self.address: self.password, GMAIL: self.password},
            introspection=self._emulator["introspection_url"].replace("://", "://introspect:s3cret@"),
            ports=(0, self._port),
        )
        self._dovecot = dovecot.start()
        self._place_company(dovecot.imaps_port, pinned)
        context = ssl.create_default_context(cadata=pinned)
        for address in (self.address, GMAIL):
            with imaplib.IMAP4_SSL("127.0.0.1", dovecot.imaps_port, ssl_context=context, timeout=30) as client:
                client.login(address, self.password)
                for mail in mails:
                    client.append("INBOX", "", "", mail.read_bytes())

    def stop(self) -> None:
        """Stop it, and remove its mails. Twice is fine."""
        if self._dovecot is not None:
            self._dovecot.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _place_company(self, port: int, pinned: str) -> None:
        mailbox = self.company.mailboxes[0]
        assert mailbox.imap is not None
        server = mailbox.imap.model_copy(update={"port": port, "certificate_authority": pinned})
        self.company = self.company.model_copy(update={"mailboxes": (mailbox.model_copy(update={"imap": server}),)})


@asynccontextmanager
async def mail_server(
    emulator: Mapping[str, str], directory: Path, port: int, mails: Path, say: Callable[[str], None]
) -> AsyncIterator[MailServer | None]:
    """A mail server as long as the context lasts; None, with a word about it, where Dovecot cannot be had.

    Args:
        emulator: what its `emulator.json` says.
        directory: of the emulator.
        port: where to listen with TLS; 0 takes a free one.
        mails: folder of the sample mails, a few of which are delivered.
        say: tells the person at the terminal.
    """
    server = MailServer(emulator, directory, port)

    def start() -> None:
        if dovecot_program() is None:
            debian.install(PACKAGES)
        server.start([mails / f"{name}.eml" for name in SAMPLES])

    say("starting a mail server")
    starting = asyncio.create_task(asyncio.to_thread(start))
    running: MailServer | None = None
    try:
        try:
            await asyncio.shield(starting)
            running = server
            say(f"a few of them are at the mail server too, for {server.address} and {GMAIL}")
        except DovecotError as error:
            say(f"there is no mailbox to read by IMAP: {error}")
        yield running
    finally:
        await asyncio.wait({starting})  # a start that is under way cannot be broken off
        await asyncio.to_thread(server.stop)
