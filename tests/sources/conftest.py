"""Fixtures of the tests of mail sources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.identity.credentials import FederatedCredential
from shared.sources.graph import GraphClient, GraphSource, Timing
from tests.sources.contract import effects
from tests.sources.emulated import credential, emulator, emulator_thread

__all__ = ["credential", "effects", "emulator", "emulator_thread"]

_numbers = count(1)


class GraphProvider:
    """A mailbox of the emulator, with folders below an inbox that is not called so."""

    def __init__(self, emulator: EmulatorThread, address: str = "") -> None:
        self.control = emulator.control
        self.address = (
            address or f"invoice{next(_numbers)}@company.example"
        )  # a request that was given up holds its slot
        self.control.create_mailbox(self.address, language="da")

    def deliver(
        self,
        content: bytes,
        folder: str = "",
        *,
        received: datetime | None = None,
        is_read: bool = False,
        categories: tuple[str, ...] = (),
    ) -> str:
        when = received.isoformat().replace("+00:00", "Z") if received else None
        path = f"inbox/{folder}".rstrip("/")
        made = self.control.deliver(
            self.address, content, folder=path, received=when, is_read=is_read, categories=categories
        )
        return str(made["immutable_id"])

    def make_folder(self, path: str) -> None:
        self.control.create_folder(self.address, f"inbox/{path}")

    def move(self, provider_id: str, folder: str) -> None:
        self.control.move_message(self.address, provider_id, f"inbox/{folder}".rstrip("/"))

    def delete(self, provider_id: str) -> None:
        self.control.delete_message(self.address, provider_id, permanently=True)

    def place(self, provider_id: str) -> str | None:
        message = self.message(provider_id)
        return str(message["folder"]).removeprefix("inbox").removeprefix("Indbakke").removeprefix("/")

    def moves(self, provider_id: str) -> int:
        return int(self.message(provider_id)["moves"])

    def is_read(self, provider_id: str) -> bool:
        return bool(self.message(provider_id)["is_read"])

    def categories(self, provider_id: str) -> tuple[str, ...]:
        return tuple(self.message(provider_id)["categories"])

    def junk(self, content: bytes) -> None:
        self.control.deliver(self.address, content, folder="junkemail")

    def message(self, provider_id: str) -> dict[str, Any]:
        return next(m for m in self.control.dump(self.address)["messages"] if m["immutable_id"] == provider_id)


@pytest.fixture
def provider(emulator: EmulatorThread) -> GraphProvider:
    return GraphProvider(emulator)


@pytest.fixture
def timing() -> Timing:
    return Timing()


@pytest.fixture
async def client(
    emulator: EmulatorThread, credential: FederatedCredential, timing: Timing
) -> AsyncIterator[GraphClient]:
    made = GraphClient(credential, base_url=emulator.graph_url, ca_file=Path(emulator.ca_file), timing=timing)
    yield made
    await made.aclose()


@pytest.fixture
async def source(client: GraphClient, provider: GraphProvider) -> AsyncIterator[GraphSource]:
    made = GraphSource(client, provider.address)
    yield made
    await made.aclose()
