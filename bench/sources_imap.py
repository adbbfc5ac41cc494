"""One round over IMAP: Postrum and a loop with `imap_tools`, the same mails from the same Dovecot, as far away as a data centre."""

from __future__ import annotations

import imaplib
import json
import shutil
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from bench.delay import Delay
from bench.sources_round import Taken, check, peer
from bench.stand import Stand, press
from local.dovecot import Dovecot
from local.ports import free_port
from shared.app import App
from shared.configuration.passwords import password_name
from shared.model.task import ImapTask

OURS, THEIRS, AT_ONCE = "ours@nordlys.example", "theirs@nordlys.example", "at-once@nordlys.example"
ADDRESSES = (OURS, THEIRS, AT_ONCE)
PASSWORD = "a long password"
FOLDER = "Filed"


class ImapRound:
    """A server with mailboxes that hold the same mails each, and a delay in front.

    Args:
        mails: folder with the mails.
        record: count commands, which takes time.
    """

    def __init__(self, mails: Path, *, record: bool = False) -> None:
        self._mails = mails
        self._record = record

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything but Postrum and the loop."""
        authority = trustme.CA(organization_name="Benchmark")
        self._authority = authority.cert_pem.bytes().decode()
        folder = Path(tempfile.mkdtemp(prefix="postrum-bench-mail-"))
        try:
            folder.chmod(0o755)  # as root, mails belong to nobody
            issued = authority.issue_cert("127.0.0.1")
            certificate = folder / "certificate.pem", folder / "key.pem"
            issued.cert_chain_pems[0].write_to_path(certificate[0])
            issued.private_key_pem.write_to_path(certificate[1])
            users = dict.fromkeys(ADDRESSES, PASSWORD)
            with Dovecot(folder, certificate=certificate, users=users, record=self._record) as self._server:
                for address in ADDRESSES:
                    self._fill(address)
                with Delay(free_port(), self._server.imaps_port) as self._delay:
                    yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def ours(self) -> Taken:
        """The function app, from the task on its queue until the last mail lies in its folder."""
        company = {
            "id": "nordlys",
            "name": "Nordlys Handel",
            "mailboxes": [
                {
                    "id": "letters",
                    "address": OURS,
                    "connection": "imap_password",
                    "imap": {"host": "127.0.0.1", "port": self._delay.port, "certificate_authority": self._authority},
                    "folders": {"imported": "Imported", "other": FOLDER},
                    "backlog": {"choice": "import"},
                }
            ],
            "series": [{"id": "documents", "prefix": "D-", "width": 5, "default": True}],
        }

        async def password(app: App) -> None:
            await app.secrets.put(password_name("nordlys", "letters"), PASSWORD)

        with Stand(json.dumps({"companies": [company]}), settings={"POSTRUM_ALLOWED_NETWORKS": "127.0.0.0/8"}) as stand:
            stand.with_product(password)
            stand.start_app()
            commands, passed = self._commands(), self._delay.passed()
            began = time.time()
            press(stand.host, "imap", ImapTask(company="nordlys", mailbox="letters").encode())
            while self._left(OURS):
                time.sleep(0.05)
                assert time.time() - began < 900, f"not done; the app said: {stand.last_words()}"
            seconds = time.time() - began
            stand.until_quiet()
            stand.stop_app()
            check(stand, self._mails)
            return Taken(seconds, self._commands() - commands, self._delay.passed() - passed)

    def theirs(self) -> Taken:
        """The loop, from connecting to saying goodbye."""
        return self._loop(THEIRS, at_once=False)

    def at_once(self) -> Taken:
        """The loop that moves all mails at its end."""
        return self._loop(AT_ONCE, at_once=True)

    def _loop(self, address: str, *, at_once: bool) -> Taken:
        task = {
            "port": self._delay.port,
            "authority": self._authority,
            "user": address,
            "password": PASSWORD,
            "to": f"INBOX/{FOLDER}",
            "at_once": at_once,
        }
        commands, passed = self._commands(), self._delay.passed()
        seconds = peer("bench.peer_imap_tools", task, self._mails)
        return Taken(seconds, self._commands() - commands, self._delay.passed() - passed)

    def _commands(self) -> int:
        return len(self._server.commands())

    @contextmanager
    def _client(self, address: str) -> Iterator[imaplib.IMAP4_SSL]:
        """A connection without the delay."""
        context = ssl.create_default_context(cadata=self._authority)
        with imaplib.IMAP4_SSL("127.0.0.1", self._server.imaps_port, ssl_context=context) as client:
            client.login(address, PASSWORD)
            yield client

    def _fill(self, address: str) -> None:
        with self._client(address) as client:
            client.create(f"INBOX/{FOLDER}")
            client.create("INBOX/Imported")
            for path in sorted(self._mails.iterdir()):
                status, said = client.append("INBOX", "", "", path.read_bytes())
                assert status == "OK", said

    def _left(self, address: str) -> int:
        """Mails in the inbox, without asking the server: what is asked is counted."""
        inbox = self._server.folder / "mail" / address
        return sum(1 for place in ("cur", "new") for _ in (inbox / place).iterdir())
