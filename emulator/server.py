"""Puts the parts together: two listeners on loopback, in this process's loop or in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from emulator.certificates import server_context
from emulator.control import Control
from emulator.control_http import ControlPlane
from emulator.google.service import Google
from emulator.graph.notifier import Notifier
from emulator.graph.service import Graph
from emulator.graph.subscriptions import Subscriptions
from emulator.introspection import Introspection
from emulator.sink import Sink
from emulator.world import World

_LARGEST_REQUEST = 160 * 1024 * 1024
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Where everything is, and who may ask."""

    graph_url: str
    authority: str
    ca_file: str
    sink_url: str
    msi_url: str
    msi_header: str
    control_url: str
    tenant_id: str
    client_id: str
    client_secret: str
    msi_client_id: str
    foreign_tenant_id: str
    google_url: str
    google_client_id: str
    google_client_secret: str
    introspection_url: str


class Emulator:
    """The running emulator; everything happens in one event loop."""

    def __init__(
        self, directory: Path, *, port: int = 0, sink_port: int = 0, seed: int = 1, shown_port: int = 0
    ) -> None:
        self._directory = directory
        self._ports = port, sink_port
        self._shown_port = shown_port
        self._seed = seed
        self._runners: list[web.AppRunner] = []
        self._notifier: Notifier | None = None
        self._sink: Sink | None = None
        self.addresses: Addresses | None = None
        self.control: Control | None = None

    async def start(self) -> Addresses:
        """Listen, and write ``emulator.json``.

        Raises:
            OSError: A port is in use.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        world = World(self._directory, self._seed)
        self._notifier = notifier = Notifier(world)
        subscriptions = Subscriptions(world, notifier)
        graph = Graph(world, subscriptions)
        self._sink = sink = Sink(world.clock)
        control = Control(world, subscriptions, sink, asyncio.get_running_loop())
        context, ca_file = server_context(self._directory)

        secure = web.Application(client_max_size=_LARGEST_REQUEST)
        secure.router.add_route("*", "/v1.0/{tail:.*}", graph.handle)
        secure.add_routes(Google(world.google, world.entra.signer, world.behaviour, world.clock).routes())
        secure.add_routes(world.entra.routes())
        plain = web.Application(client_max_size=_LARGEST_REQUEST)
        plain.add_routes(sink.routes())
        plain.add_routes([web.get("/msi/token", world.entra.managed_identity.handle)])
        plain.add_routes(Introspection(world).routes())
        plain.add_routes(ControlPlane(control).routes())

        try:
            secure_runner = await self._listen(secure)
            port = await _bind(secure_runner, self._ports[0], context)
            plain_runner = await self._listen(plain)
            sink_port = await _bind(plain_runner, self._ports[1], None)
        except BaseException:
            await self.stop()
            raise
        authority, base = f"https://{_HOST}:{self._shown_port or port}", f"http://{_HOST}:{sink_port}"
        graph.base = f"{authority}/v1.0"
        await notifier.open()
        world.start(authority)
        self.control = control
        self.addresses = Addresses(
            graph_url=graph.base,
            authority=authority,
            ca_file=str(ca_file.resolve()),
            sink_url=f"{base}/hook",
            msi_url=f"{base}/msi/token",
            msi_header=world.entra.managed_identity.header,
            control_url=f"{base}/_emulator",
            tenant_id=world.tenant_id,
            client_id=world.client_id,
            client_secret=world.client_secret,
            msi_client_id=world.msi_client_id,
            foreign_tenant_id=world.foreign_tenant_id,
            google_url=f"{authority}/google",
            google_client_id=world.google.client_id,
            google_client_secret=world.google.client_secret,
            introspection_url=f"{base}/introspect",
        )
        (self._directory / "emulator.json").write_text(json.dumps(asdict(self.addresses), indent=2) + "\n", "utf-8")
        return self.addresses

    async def _listen(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._runners.append(runner)
        await runner.setup()
        return runner

    async def stop(self) -> None:
        """End cleanly; requests that hang are let go."""
        if self._sink:
            self._sink.release()
        if self._notifier:
            await self._notifier.close()
        for runner in self._runners:
            handlers = runner.server.connections if runner.server else []
            transports = [handler.transport for handler in handlers]
            await runner.cleanup()
            for transport in transports:
                if transport is not None:
                    transport.abort()  # a client that never ends its TLS session would keep the socket
        await asyncio.sleep(0.01)  # transports close in the next turns of the loop


async def _bind(runner: web.AppRunner, port: int, context: ssl.SSLContext | None) -> int:
    site = web.TCPSite(runner, _HOST, port, ssl_context=context)
    await site.start()
    return int(runner.addresses[0][1])


class EmulatorThread:
    """The emulator in a thread with an event loop of its own, for tests: ``with EmulatorThread(directory) as
    emulator``.

    Its attributes are those of ``Addresses``, and ``control``, whose methods may be called from any thread.
    """

    def __init__(self, directory: str | Path, *, port: int = 0, sink_port: int = 0, seed: int = 1) -> None:
        self._emulator = Emulator(Path(directory), port=port, sink_port=sink_port, seed=seed)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        try:
            await self._emulator.start()
        except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
            self._failure = error
            return
        finally:
            self._started.set()
        await self._ended.wait()
        await self._emulator.stop()

    def start(self) -> Self:
        """Start and wait until it listens."""
        self._thread.start()
        self._started.wait()
        if self._failure:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop and wait."""
        if self._loop and self._ended and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def addresses(self) -> Addresses:
        """Where everything is."""
        if self._emulator.addresses is None:
            raise RuntimeError("the emulator is not running")
        return self._emulator.addresses

    @property
    def control(self) -> Control:
        """What can be done to it."""
        if self._emulator.control is None:
            raise RuntimeError("the emulator is not running")
        return self._emulator.control

    @property
    def graph_url(self) -> str:
        """The base URL of Graph, with the version."""
        return self.addresses.graph_url

    @property
    def authority(self) -> str:
        """Entra's base URL."""
        return self.addresses.authority

    @property
    def ca_file(self) -> str:
        """The CA that clients have to trust."""
        return self.addresses.ca_file

    @property
    def sink_url(self) -> str:
        """The webhook sink; a name follows."""
        return self.addresses.sink_url

    @property
    def msi_url(self) -> str:
        """``IDENTITY_ENDPOINT``."""
        return self.addresses.msi_url

    @property
    def msi_header(self) -> str:
        """``IDENTITY_HEADER``."""
        return self.addresses.msi_header

    @property
    def control_url(self) -> str:
        """The control plane over HTTP."""
        return self.addresses.control_url

    @property
    def tenant_id(self) -> str:
        """The tenant that is there from the start."""
        return self.addresses.tenant_id

    @property
    def client_id(self) -> str:
        """The app that is there from the start; it has no consent."""
        return self.addresses.client_id

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return self.addresses.client_secret

    @property
    def msi_client_id(self) -> str:
        """The managed identity that is federated to it."""
        return self.addresses.msi_client_id

    @property
    def foreign_tenant_id(self) -> str:
        """The other organisation that is there from the start."""
        return self.addresses.foreign_tenant_id

    @property
    def google_url(self) -> str:
        """The base URL of Google's endpoints."""
        return self.addresses.google_url

    @property
    def google_client_id(self) -> str:
        """The OAuth client at Google."""
        return self.addresses.google_client_id

    @property
    def google_client_secret(self) -> str:
        """Its secret."""
        return self.addresses.google_client_secret

    @property
    def introspection_url(self) -> str:
        """Where an IMAP server asks about tokens."""
        return self.addresses.introspection_url
