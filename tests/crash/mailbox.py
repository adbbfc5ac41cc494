"""The mailbox of the stories that are played over IMAP: at a real Dovecot, and in the very same state at the beginning of every play.

Ids of mails hold the UIDVALIDITY of their folder, which a server takes from the time of day. So the mailbox of a story is made once, and
its files are put back before each play, while the server is stopped.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Any, Self

import trustme

from local.dovecot import Dovecot
from shared.configuration.passwords import password_name
from tests.crash.paths import RECEIVED
from tests.crash.paths import Path as Story
from tests.support.dovecot import PASSWORD, ImapProvider, dovecot
from tests.support.imap_proxy import ImapProxy


class ImapMailbox:
    """The mail servers, each started when the first story wants it, and the relays through which the product reaches them.

    A context manager.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._authority = trustme.CA(organization_name="Private authority of a company")
        self._running: dict[tuple[str, ...], tuple[Dovecot, ImapProxy]] = {}
        self._server: Dovecot | None = None
        self._proxy: ImapProxy | None = None
        self._copies = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="postrum-kept-")))
        self._kept: dict[str, tuple[str, Path]] = {}
        self._address = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def proxy(self) -> ImapProxy:
        """What the product connects to. Valid after the first `begin`."""
        assert self._proxy is not None
        return self._proxy

    @property
    def server(self) -> Dovecot:
        """Valid after the first `begin`."""
        assert self._server is not None
        return self._server

    def begin(self, story: Story) -> None:
        """Put the mailbox into the state in which the story begins."""
        if story.imap_without not in self._running:
            self._running[story.imap_without] = self._start(story.imap_without)
        self._server, self._proxy = self._running[story.imap_without]
        if story.name not in self._kept:
            self._prepare(story)
        self._address, kept = self._kept[story.name]
        self.server.stop(at_once=True)
        rmtree(self._mails)
        _copy(kept, self._mails)
        self.server.start()
        self.proxy.reset()

    def configuration(self, text: str) -> str:
        """A configuration in which this mailbox takes the place of the one at Graph."""
        server = {
            "host": "127.0.0.1",
            "port": self.proxy.port,
            "certificate_authority": self._authority.cert_pem.bytes().decode(),
        }
        # JSON is YAML
        return text.replace("%ADDRESS%", self._address).replace("%SERVER%", json.dumps(server))

    def keep_password(self, secrets: Path) -> None:
        """Write the file with the secrets of a play."""
        secrets.touch(mode=0o600)
        secrets.write_text(json.dumps({password_name("nordlys", "invoices"): PASSWORD}))

    def state(self) -> dict[str, Any]:
        """What is in it, and how many mails ever came into each folder."""
        box = ImapProvider(self.server, self._authority, self._address)
        try:
            return {"mailbox": box.contents()}
        finally:
            box.close()

    @property
    def _mails(self) -> Path:
        return self.server.folder / "mail"

    def _start(self, without: tuple[str, ...]) -> tuple[Dovecot, ImapProxy]:
        server = self._stack.enter_context(dovecot(self._authority, without=without))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        trusted = ssl.create_default_context(cadata=self._authority.cert_pem.bytes().decode())
        return server, self._stack.enter_context(ImapProxy(server.imaps_port, context, trusted))

    def _prepare(self, story: Story) -> None:
        box = ImapProvider(self.server, self._authority)
        try:
            for folder in story.imap_folders:
                box.make_folder(folder)
            for content in story.imap:
                box.deliver(content, received=datetime.fromisoformat(RECEIVED))
        finally:
            box.close()
        self.server.stop()
        kept = self._copies / story.name
        _copy(self._mails, kept)
        self._kept[story.name] = (box.address, kept)


def _copy(source: Path, target: Path) -> None:
    """With owners and times: that of a file is when the server received the mail."""
    subprocess.run(["cp", "-a", source, target], check=True)
