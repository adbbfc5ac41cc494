"""Every call that changes something is named: without a name it fails, and the source shows one around each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from emulator.server import EmulatorThread
from shared.effect import Moment, UnnamedEffect, current_effect, effect, observe, require_effect
from shared.model.task import ClassifyTask
from tests.flow.mails import mail
from tests.flow.world import MAILBOX, World

ROOT = Path(__file__).resolve().parents[2]
OWNERS = ("shared/stores/", "shared/sources/", "shared/webhooks/", "shared/identity/")
SDKS = (
    "azure.storage",
    "azure.data",
    "azure.identity",
    "azure.core",
    "azure.keyvault",
    "msgraph",
    "msgraph_core",
    "kiota",
    "httpx",
)
CHANGING = frozenset(
    {
        # azure.data.tables
        "create_entity", "update_entity", "upsert_entity", "delete_entity", "submit_transaction", "create_table",
        "create_table_if_not_exists", "delete_table",
        # azure.storage.blob
        "upload_blob", "stage_block", "commit_block_list", "delete_blob", "delete_blobs", "create_container",
        "set_blob_metadata", "append_block", "start_copy_from_url", "set_blob_tags", "create_snapshot",
        # azure.storage.queue
        "send_message", "delete_message", "update_message", "clear_messages", "create_queue", "delete_queue",
    }
)  # fmt: skip


def _modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names of the modules that are imported anywhere in it, also late and by text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            yield from (str(part.value) for part in ast.walk(node) if isinstance(part, ast.Constant))


def test_sdk_clients_are_used_only_where_effects_belong() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in _modules("shared", "functions", "cli")
        if not path.startswith(OWNERS)
        for name in _imported(tree)
        if name.startswith(SDKS)
    ]
    assert wrong == []


def test_no_other_module_calls_what_changes_something() -> None:
    wrong = [
        f"{path}:{node.lineno} {node.func.attr}"
        for path, tree in _modules("shared", "functions", "cli")
        if not path.startswith(OWNERS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING
    ]
    assert wrong == []


class _Unnamed(ast.NodeVisitor):
    """Changing calls with no `async with effect(...)` around them in the same function."""

    def __init__(self) -> None:
        self.named = 0
        self.found: list[str] = []
        self.seen = 0

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        names = [item.context_expr for item in node.items]
        is_effect = any(isinstance(one, ast.Call) and getattr(one.func, "id", "") == "effect" for one in names)
        self.named += is_effect
        self.generic_visit(node)
        self.named -= is_effect

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        changing = any(
            keyword.arg == "changing" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
            for keyword in node.keywords
        )
        if name in CHANGING or (name == "call" and changing):
            self.seen += 1
            if not self.named:
                self.found.append(f"line {node.lineno}: {name}")
        self.generic_visit(node)


def test_each_changing_call_stands_inside_an_effect() -> None:
    seen, wrong = 0, []
    for path, tree in _modules("shared/stores", "shared/sources"):
        visitor = _Unnamed()
        visitor.visit(tree)
        seen += visitor.seen
        wrong += [f"{path} {found}" for found in visitor.found]
    assert wrong == []
    assert seen >= 15  # it looks at the right thing


async def _table(world: World) -> None:
    table = world.app._table("parked")  # type: ignore[arg-type]
    await table._table().upsert_entity({"PartitionKey": "p", "RowKey": "k"})


async def _transaction(world: World) -> None:
    table = world.app._table("parked")  # type: ignore[arg-type]
    await table._table().submit_transaction([("upsert", {"PartitionKey": "p", "RowKey": "k"})])


async def _blob(world: World) -> None:
    await world.app.services.archive.client("m/x/y/mail.eml").upload_blob(b"x")


async def _queue(world: World) -> None:
    client: QueueClient = world.app.services.queues._client("classify")
    await client.send_message(ClassifyTask(message="a" * 26).encode())


async def _graph(world: World) -> None:
    source: Any = await _source(world)
    [message] = (await source.list(await source.folder(""))).mails
    folder = await source.folder("")
    await source._client.call(
        source._requests.move(message.provider_id, folder.id), "moving", changing=True, expected=(201,)
    )


async def _source(world: World) -> Any:
    company = await world.app.services.companies.get("nordlys")
    assert company is not None
    return world.app.services.sources.open(company, company.mailboxes[0])


@pytest.mark.parametrize(
    "call", [_table, _transaction, _blob, _queue, _graph], ids=lambda call: call.__name__.strip("_")
)
async def test_an_effect_without_a_name_fails_and_with_one_takes_place(
    call: Any, world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Lunch"))
    before = emulator.control.dump(MAILBOX)["messages"][0]["moves"]
    with pytest.raises(UnnamedEffect, match="has no name: wrap it in effect"):
        await call(world)
    assert emulator.control.dump(MAILBOX)["messages"][0]["moves"] == before
    async with effect("test.named"):
        await call(world)


async def test_observers_hear_of_an_effect_before_and_after_it_succeeded() -> None:
    heard: list[tuple[str, Moment]] = []
    stop = observe(lambda name, moment: heard.append((name, moment)))
    async with effect("one"):
        assert current_effect() == require_effect("a call") == "one"
        async with effect("two"):
            assert current_effect() == "two"
        assert current_effect() == "one"
    with pytest.raises(ValueError, match="failed"):
        async with effect("three"):
            raise ValueError("failed")
    stop()
    async with effect("four"):
        pass
    assert [f"{moment} {name}" for name, moment in heard] == [
        "before one",
        "before two",
        "after two",
        "after one",
        "before three",
    ]
    assert current_effect() is None
