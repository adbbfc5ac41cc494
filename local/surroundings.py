"""A whole Postrum on one machine: Azurite, the emulator with the sample mailbox, storage, configuration and the app."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from local.azurite import DEVELOPMENT_ACCOUNT, Account, Azurite, AzuriteError
from local.children import Child, RunError
from local.mail_server import MailServer, mail_server
from local.ports import Ports, check, free_port
from local.sample_mailbox import Manifest, write_sample_mailbox
from local.setup import ROOT, SetupError
from shared.app import App
from shared.configuration.yaml_file import companies
from shared.model.config import Company
from shared.settings import Settings, read
from shared.stores.layout import create_all

CONFIGURATION = Path(__file__).parent / "sample_mailbox" / "postrum.yaml"
CACHE = ROOT / ".cache"
_OURS = ("emulator", "app.json", "app.log", "emulator.log", "local.settings.json", "secrets.json")
"""What a run leaves in its folder; a new one begins without it, because storage and mailbox are in memory."""
_SINK = f"http://127.0.0.1:{Ports().sink}/hook"
_CALLBACKS = ("/sign-in/callback", "/consent/callback", "/connect/callback")
"""Where browsers come back to; in Azure they are registered by infra/entra/registration.bicep."""
_APP_PATIENCE = 40
"""The app ends what it has begun, for at most half a minute."""
_PATIENCE = 10
_TICK = "*/5 * * * * *"
"""In Azure it is every minute; here nobody should have to wait."""

type Say = Callable[[str], None]


@dataclass
class Surroundings:
    """Everything that runs. Use as an async context manager; leaving it ends all of it, in order.

    Args:
        folder: for settings, logs and the emulator's files.
        ports: where to listen.
        say: tells the person at the terminal how far it is.
        with_app: start the app too, in the development host.
        with_mail_server: start a mail server too, with a company whose mailbox is read by IMAP; where Dovecot cannot be had, it is left
            out with a word about it.
    """

    folder: Path
    ports: Ports
    say: Say
    with_app: bool = True
    with_mail_server: bool = False
    manifest: Manifest = field(init=False)
    loaded: dict[str, str] = field(init=False, default_factory=dict)
    """File of a sample mail → its id in the mailbox."""
    emulator: dict[str, str] = field(init=False, default_factory=dict)
    account: Account = field(init=False)
    settings: Settings = field(init=False)
    companies: list[Company] = field(init=False, default_factory=list)
    app_url: str = field(init=False, default="")
    product: App = field(init=False)
    mail_server: MailServer | None = field(init=False, default=None)
    _stack: contextlib.AsyncExitStack = field(init=False, default_factory=contextlib.AsyncExitStack)
    _azurite: Azurite = field(init=False)
    _app_port: int = field(init=False, default=0)
    _children: list[Child] = field(init=False, default_factory=list)

    async def __aenter__(self) -> Self:
        """Start everything."""
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything, the app first."""
        await self._stack.aclose()

    @property
    def settings_file(self) -> Path:
        """Settings of this run, as the host and `postrum --settings` read them."""
        return self.folder / "local.settings.json"

    @property
    def sink(self) -> str:
        """Where the sink shows what came in."""
        return self.emulator["sink_url"]

    def app_log(self, lines: int = 10) -> list[str]:
        """The last lines of what the app said."""
        return (self.folder / "app.log").read_text("utf-8", "replace").splitlines()[-lines:]

    def hurry(self) -> None:
        """Do not wait for what the app has begun."""
        for child in self._children:
            child.signal(signal.SIGTERM)

    async def control(self, operation: str, **arguments: Any) -> Any:
        """Ask the emulator to do or tell something."""
        url = f"{self.emulator['control_url']}/{operation}"
        async with self._http.post(url, json=arguments) as answer:
            if answer.status != 200:
                raise RunError(f"the emulator refused {operation}: {(await answer.text())[:300]}")
            return await answer.json()

    async def received(self, subscriber: str) -> list[dict[str, Any]]:
        """What came to a name of the sink."""
        async with self._http.get(f"{self.emulator['control_url']}/sink/{subscriber}") as answer:
            return list(await answer.json())

    async def while_running[T](self, work: Awaitable[T]) -> T:
        """Wait for the work, as long as nothing that was started ends by itself.

        Raises:
            RunError: something ended.
        """
        working = asyncio.ensure_future(work)
        watching = [asyncio.ensure_future(child.ended()) for child in self._children]
        watching.append(asyncio.ensure_future(self._azurite_ended()))
        try:
            done, _ = await asyncio.wait({working, *watching}, return_when=asyncio.FIRST_COMPLETED)
            for watch in watching:
                if watch in done:
                    raise watch.result()
            return await working
        finally:
            for task in (working, *watching):
                task.cancel()
            await asyncio.gather(working, *watching, return_exceptions=True)

    async def _start(self) -> None:
        self._lock()
        check(self.ports)
        for name in _OURS:
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        mails = asyncio.create_task(asyncio.to_thread(sample_mailbox))
        self._stack.push_async_callback(asyncio.wait, {mails})
        await self._start_azurite()
        await self._start_emulator()
        await self._load(await mails)
        if self.with_mail_server:
            serving = mail_server(self.emulator, self.folder / "emulator", self.ports.imap, await mails, self.say)
            self.mail_server = await self._stack.enter_async_context(serving)
        # The app has to know its address before it starts: people come back to it after signing in.
        self._app_port = self.ports.app or free_port()
        callbacks = [f"http://127.0.0.1:{self._app_port}{path}" for path in _CALLBACKS]
        await self.control("set_registration", redirect_uris=callbacks)
        await self.control("set_google_redirects", redirect_uris=callbacks)
        self._write_settings()
        await self._configure()
        if self.with_app:
            await self._start_app()

    def _lock(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._stack.enter_context((self.folder / "lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"another run uses {_shown(self.folder)}; stop it, or choose another with --folder"
            ) from None

    async def _start_azurite(self) -> None:
        self.say("starting Azurite")
        ports = (self.ports.blob, self.ports.queue, self.ports.table)
        self._azurite = Azurite([DEVELOPMENT_ACCOUNT], ports=ports)
        starting = asyncio.create_task(asyncio.to_thread(self._azurite.start))

        async def stop() -> None:
            await asyncio.wait({starting})  # a start that is under way cannot be broken off
            await asyncio.to_thread(self._azurite.stop)

        self._stack.push_async_callback(stop)
        try:
            await asyncio.shield(starting)
        except (AzuriteError, SetupError) as error:
            raise RunError(str(error)) from None
        self.account = self._azurite.accounts[0]

    async def _azurite_ended(self) -> RunError:
        while _is_running(self._azurite.pid):  # noqa: ASYNC110 - it belongs to a thread that tells nobody
            await asyncio.sleep(0.5)
        return RunError("Azurite ended by itself; start again")

    async def _start_emulator(self) -> None:
        self.say("starting the emulator of Entra and Microsoft Graph")
        directory = self.folder / "emulator"
        ports = ("--port", str(self.ports.graph), "--sink-port", str(self.ports.sink))
        module = ("emulator", "--directory", str(directory), *ports)
        child = Child("the emulator", module, self.folder / "emulator.log", os.environ)
        await self._run(child, directory / "emulator.json", _PATIENCE)
        self.emulator = json.loads((directory / "emulator.json").read_text("utf-8"))
        timeout = aiohttp.ClientTimeout(total=60)
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))

    async def _run(self, child: Child, ready: Path, patience: float) -> None:
        self._stack.push_async_callback(child.stop, patience)
        await child.start(ready)
        self._children.append(child)

    async def _load(self, directory: Path) -> None:
        self.manifest = Manifest.model_validate_json((directory / "manifest.json").read_text("utf-8"))
        mailbox = self.manifest.mailbox
        await self.control("create_mailbox", address=mailbox)
        await self.control("set_exchange_scope", mailboxes=[mailbox])
        entries = await self.control("load_directory", mailbox=mailbox, directory=str(directory))
        self.loaded = {entry["file"]: entry["immutable_id"] for entry in entries}
        self.say(f"{len(entries)} sample mails are in the inbox of {mailbox}")

    def _write_settings(self) -> None:
        emulator, storage = self.emulator, self.account.connection_string
        values = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureWebJobsStorage": storage,
            "DATA_STORAGE": storage,
            "IDENTITY_ENDPOINT": emulator["msi_url"],
            "IDENTITY_HEADER": emulator["msi_header"],
            "POSTRUM_TENANT_ID": emulator["tenant_id"],
            "POSTRUM_APP_CLIENT_ID": emulator["client_id"],
            "POSTRUM_IDENTITY_CLIENT_ID": emulator["msi_client_id"],
            "POSTRUM_GRAPH_URL": emulator["graph_url"],
            "POSTRUM_AUTHORITY": emulator["authority"],
            "POSTRUM_CA_FILE": emulator["ca_file"],
            "POSTRUM_ALLOWED_NETWORKS": "127.0.0.0/8",
            "POSTRUM_ALLOW_HTTP_WEBHOOKS": "true",
            "POSTRUM_SECRETS_FILE": str((self.folder / "secrets.json").resolve()),
            "POSTRUM_TICK_SCHEDULE": _TICK,
            "POSTRUM_PUBLIC_URL": f"http://127.0.0.1:{self._app_port}",
        }
        if self.mail_server is not None:
            values |= self.mail_server.settings()
        document = {"IsEncrypted": False, "Values": values}
        self.settings_file.touch(mode=0o600)
        self.settings_file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        self.settings = read(values)

    async def _configure(self) -> None:
        await create_all(self.settings.data_storage, self.settings.host_storage)
        self.product = App(self.settings)
        self._stack.push_async_callback(self.product.aclose)
        found = companies(CONFIGURATION.read_text("utf-8"), CONFIGURATION.name)
        if self.mail_server is not None:
            found.append(self.mail_server.company)
            for name, value in self.mail_server.secrets().items():
                await self.product.secrets.put(name, value)
        self.companies = [
            company.model_copy(
                update={
                    "subscribers": tuple(
                        one.model_copy(update={"url": one.url.replace(_SINK, self.sink)}) for one in company.subscribers
                    )
                }
            )
            for company in found
        ]
        review = await self.product.configure.apply(self.companies)
        for warning in review.warnings:
            self.say(f"warning: {warning}")
        self.say(f"storage is made, and {CONFIGURATION.relative_to(ROOT)} is applied")

    async def _start_app(self) -> None:
        self.say("starting the app")
        ready = self.folder / "app.json"
        options = ("--app", str(ROOT), "--port", str(self._app_port), "--settings", str(self.settings_file))
        module = ("local.host", *options, "--ready-file", str(ready))
        # The environment wins over the file, so that nothing of another deployment may be in it.
        foreign = ("POSTRUM_", "IDENTITY_", "AzureWebJobs", "DATA_STORAGE", "AZURE_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        child = Child("the app", module, self.folder / "app.log", environment)
        await self._run(child, ready, _APP_PATIENCE)
        self.app_url = json.loads(ready.read_text("utf-8"))["url"]


def sample_mailbox() -> Path:
    """The sample mails as files, made once for each version of their sources."""
    digest = hashlib.sha256()
    for source in sorted((ROOT / "local" / "sample_mailbox").glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    target = CACHE / f"sample_mailbox-{digest.hexdigest()[:16]}"
    if not target.is_dir():
        CACHE.mkdir(exist_ok=True)
        for old in CACHE.glob("sample_mailbox-*"):
            shutil.rmtree(old, ignore_errors=True)
        beside = Path(tempfile.mkdtemp(prefix="making-sample_mailbox-", dir=CACHE))
        try:
            write_sample_mailbox(beside)
            with contextlib.suppress(OSError):  # another run was quicker
                beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return target


def _is_running(pid: int | None) -> bool:
    """Whether our child still runs; whoever waits for it can do so afterwards."""
    return pid is not None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(ROOT))
    return str(path)
