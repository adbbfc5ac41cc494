"""One round over Graph: Postrum and a loop with the `O365` library, the same mails in the emulator, as far away as a data centre."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import create_default_context

from bench.delay import Delay
from bench.sources_round import Taken, check, peer
from bench.stand import CONFIGURATION, MAILBOX, Stand
from local.ports import free_port
from local.setup import ROOT
from local.surroundings import CACHE

THEIRS = "theirs@nordlys.example"
FOLDER = "Filed"
LIBRARIES = ROOT / "bench" / "peers.txt"


class GraphRound:
    """The emulator with two mailboxes, each with these mails, and a delay in front.

    Args:
        mails: folder with the mails.
    """

    def __init__(self, mails: Path) -> None:
        self._mails = mails

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything but Postrum and the loop."""
        emulator, proxy = free_port(), free_port()
        configuration = CONFIGURATION.replace("    series:", "        backlog: {choice: import}\n    series:")
        with (
            Delay(proxy, emulator) as self._delay,
            Stand(configuration, graph_ports=(emulator, proxy)) as self._stand,
        ):
            self._stand.control("create_mailbox", address=THEIRS, folders=[f"inbox/{FOLDER}"])
            self._stand.control("set_exchange_scope", mailboxes=[MAILBOX, THEIRS])
            for mailbox in (MAILBOX, THEIRS):
                self._stand.control("load_directory", mailbox=mailbox, directory=str(self._mails))
            yield

    def ours(self) -> Taken:
        """The function app, from the task on its queue until the last mail lies in its folder."""
        stand = self._stand
        stand.start_app()
        requests, passed = self._requests(), self._delay.passed()
        began = time.time()
        stand.look()
        seconds = stand.until_placed(sum(1 for _ in self._mails.iterdir()), every=0.05) - began
        stand.until_quiet()
        stand.stop_app()
        check(stand, self._mails)
        return Taken(seconds, self._requests() - requests, self._delay.passed() - passed)

    def theirs(self) -> Taken:
        """The loop, from its first request to its last."""
        task = {
            "graph_url": self._stand.emulator["graph_url"],
            "ca_file": self._stand.emulator["ca_file"],
            "tenant": self._stand.emulator["tenant_id"],
            "token": self._token(),
            "mailbox": THEIRS,
            "to": FOLDER,
        }
        requests, passed = self._requests(), self._delay.passed()
        seconds = peer("bench.peer_o365", task, self._mails, libraries=libraries())
        return Taken(seconds, self._requests() - requests, self._delay.passed() - passed)

    def _requests(self) -> int:
        return int(self._stand.control("counters")["round_trips"].get("graph", 0))

    def _token(self) -> str:
        emulator = self._stand.emulator
        form = {
            "grant_type": "client_credentials",
            "client_id": emulator["client_id"],
            "client_secret": emulator["client_secret"],
            "scope": "https://graph.microsoft.com/.default",
        }
        address = f"{emulator['authority']}/{emulator['tenant_id']}/oauth2/v2.0/token"
        data = urllib.parse.urlencode(form).encode()
        context = create_default_context(cafile=emulator["ca_file"])
        with urllib.request.urlopen(address, data, context=context, timeout=60) as answer:
            return str(json.load(answer)["access_token"])


def libraries() -> Path:
    """The folder with the packages of `bench/peers.txt`, installed once, each file checked against its hash."""
    digest = hashlib.sha256(LIBRARIES.read_bytes()).hexdigest()[:16]
    target = CACHE / f"bench-peers-{digest}"
    if not target.is_dir():
        CACHE.mkdir(exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix="making-bench-peers-", dir=CACHE))
        try:
            command = ["sh", "local/uv.sh", "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes"]
            options = ["--no-deps", "--only-binary", ":all:", "--target", str(beside), "-r", str(LIBRARIES)]
            subprocess.run([*command, *options], cwd=ROOT, check=True)
            beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return target
