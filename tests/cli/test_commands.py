"""The subcommands that work on a deployment: what they print, what they change, and how they fail."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from cli.main import main
from emulator.server import EmulatorThread
from local.azurite import Account
from shared.actions.registry import PARAMETERS
from shared.classify.fields import FIELDS
from shared.classify.operators import OPERATORS
from shared.configuration.yaml_file import companies
from shared.model.config import Company, EntityKind, Folders, Keyword, Mailbox, Rule, Series, Subscriber
from shared.model.task import Queue
from tests.flow.conftest import emulator, running_emulator  # noqa: F401 - fixtures
from tests.flow.mails import PDF, mail
from tests.flow.world import CONFIGURATION, MAILBOX, World, environment_for, settings_for

type Captured = pytest.CaptureFixture[str]

GOOD = CONFIGURATION.replace("%SINK%", "http://127.0.0.1:8444/hook")


@pytest.fixture
def settings(
    running_emulator: EmulatorThread,  # noqa: F811 - the fixture
    storage_account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A settings file of a Postrum whose storage is made."""
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, "unset")  # so that what the command sets is undone
    values = environment_for(running_emulator, storage_account.connection_string, tmp_path / "secrets.json")
    file = tmp_path / "local.settings.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    assert main(["storage", "create", "--settings", str(file)]) == 0
    return file


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "postrum.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def call(settings: Path, captured: Captured, *arguments: str) -> tuple[int, list[str], list[str]]:
    """Status, lines of standard output, lines of standard error."""
    captured.readouterr()
    status = main([*arguments, "--settings", str(settings)])
    said = captured.readouterr()
    return status, said.out.splitlines(), said.err.splitlines()


def configured(settings: Path, captured: Captured) -> list[str]:
    return call(settings, captured, "config", "show")[1]


def test_storage_create_says_what_there_is(settings: Path, capsys: Captured) -> None:
    status, out, error = call(settings, capsys, "storage", "create")
    assert (status, error) == (0, [])
    assert re.fullmatch(r"ready: \d+ tables, \d+ queues, 1 container", out[0])


def test_apply_shows_the_differences_and_stores(settings: Path, tmp_path: Path, capsys: Captured) -> None:
    file = written(tmp_path, GOOD)

    assert call(settings, capsys, "config", "apply", file, "--dry-run") == (
        0,
        ["+ nordlys: added", "1 change would be made. Nothing was changed."],
        [],
    )
    assert configured(settings, capsys) == ["companies: []"]
    assert call(settings, capsys, "config", "apply", file)[1] == ["+ nordlys: added", "1 change made."]
    assert call(settings, capsys, "config", "apply", file)[1] == ["Nothing differs from what is configured."]

    changed = written(tmp_path, GOOD.replace("Orders", "Purchases").replace("name: Nordlys Handel", "name: Nordlys"))
    assert call(settings, capsys, "config", "apply", changed)[1] == [
        "~ nordlys › name: changed",
        "- nordlys › rules › orders: removed",
        "+ nordlys › rules › purchases: added",
        "3 changes made.",
    ]


def test_what_is_shown_can_be_applied(settings: Path, tmp_path: Path, capsys: Captured) -> None:
    tricky = GOOD.replace("value: purchase order", 'value: "000123"').replace(
        "words: [relatienr, relation]", 'words: ["yes", "nr: x", "#a"]'
    )
    call(settings, capsys, "config", "apply", written(tmp_path, tricky))

    shown = "\n".join(configured(settings, capsys))

    assert "000123" in shown
    _, out, error = call(settings, capsys, "config", "apply", written(tmp_path, shown), "--dry-run")
    assert (out, error) == (["Nothing differs from what is configured."], [])
    one = call(settings, capsys, "config", "show", "nordlys")[1]
    assert "\n".join(one) == shown
    assert call(settings, capsys, "config", "show", "nobody") == (
        1,
        [],
        ["postrum: no company 'nobody' is configured. `postrum config show` lists all."],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("companies:\n  - id: a\n    name: [x\n", [r"line 4: this is not YAML"]),
        ("companies:\n  - id: a\n    name: A\n    colour: red\n", [r"line 4: .*colour: is not known here"]),
        (
            "companies:\n  - id: A b\n    name: A\n    mailboxes:\n      - id: m\n        address: invoice\n",
            [r"line 2: .*id: must be", r"line 6: .*address: 'invoice' is not a full mail address"],
        ),
        (GOOD.replace("field: subject", "field: subjekt"), [r"rule 'orders'.*subjekt.*did you mean subject"]),
        (GOOD.replace("action: categorise", "action: categorize"), [r"categorize.*did you mean categorise"]),
        (GOOD.replace('"* * * * *"', "every minute"), [r"mailbox 'invoices'.*not a cron expression"]),
        (GOOD + "  - id: second\n    name: Second\n    time_zone: Mars/Olympus\n", [r"company 'second'.*Mars/Olympus"]),
        ("just text", [r"must hold one list named companies"]),
        ("companies: &a []\nmore: *a\n", [r"uses an alias"]),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_and_nothing_is_half_done(
    settings: Path, tmp_path: Path, capsys: Captured, text: str, expected: list[str]
) -> None:
    file = written(tmp_path, text)

    status, out, error = call(settings, capsys, "config", "apply", file)

    assert (status, out) == (1, [])
    assert all(line.startswith("postrum: ") for line in error)
    assert "Nothing was changed" in error[-1]
    for pattern in expected:
        assert any(re.search(pattern, line) for line in error), (pattern, error)
    assert configured(settings, capsys) == ["companies: []"]
    assert not (tmp_path / "secrets.json").exists()


def test_a_file_that_cannot_be_read(settings: Path, tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("companies:\n  - name: Grün\n".encode("latin-1"))

    assert call(settings, capsys, "config", "apply", str(file)) == (
        1,
        [],
        [f"postrum: {file}, line 2: this is not UTF-8", "postrum: Save the file as UTF-8."],
    )
    missing = str(tmp_path / "none.yaml")
    assert call(settings, capsys, "config", "apply", missing)[2] == [
        f"postrum: {missing} cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize(
    "command", [("status",), ("config", "show"), ("rebuild",), ("storage", "create"), ("again", "a")]
)
def test_unreachable_storage_is_one_line(settings: Path, capsys: Captured, command: tuple[str, ...]) -> None:
    settings.write_text(re.sub(r":\d+/a", ":9/a", settings.read_text()))

    status, out, error = call(settings, capsys, *command)

    assert (status, out) == (1, [])
    assert len(error) == 1, error
    assert error[0].startswith("postrum: no answer from the storage account")
    assert "make run" in error[0]


def test_apply_with_unreachable_storage_leaves_no_secret(settings: Path, tmp_path: Path, capsys: Captured) -> None:
    settings.write_text(re.sub(r":\d+/a", ":9/a", settings.read_text()))
    status, _, error = call(settings, capsys, "config", "apply", written(tmp_path, GOOD))
    assert (status, len(error)) == (1, 1)
    assert not (tmp_path / "secrets.json").exists()


def test_wrong_settings_are_told_all_at_once(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"Values": {"POSTRUM_GRAPH_URL": "ftp://x"}}')

    status, out, error = call(file, capsys, "status")

    assert (status, out) == (1, [])
    text = "\n".join(error)
    for name in (
        "AzureWebJobsStorage",
        "DATA_STORAGE",
        "POSTRUM_TENANT_ID",
        "POSTRUM_GRAPH_URL",
        "POSTRUM_TICK_SCHEDULE",
    ):
        assert f"postrum: {name} is" in text
    assert error[-1] == "postrum: docs/settings.md explains every setting."


@pytest.mark.parametrize(
    ("content", "expected"),
    [("{", "line 1: this is not JSON"), ("[]", "must hold an object named Values"), ('{"Values": {"a": 1}}', "Values")],
)
def test_a_settings_file_that_is_none(tmp_path: Path, capsys: Captured, content: str, expected: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content)
    status, _, error = call(file, capsys, "status")
    assert status == 1
    assert len(error) == 1
    assert expected in error[0]


@pytest.mark.parametrize(
    "arguments",
    [["again"], ["again", "a", "--task", "b"], ["config"], ["config", "apply"], ["storage", "drop"], ["explain"]],
)
def test_wrong_use_is_status_2(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: postrum" in capsys.readouterr().err


def test_there_is_no_such_command(capsys: Captured) -> None:
    assert main(["frobnicate"]) == 2
    assert "config" in capsys.readouterr().err


def test_commands_on_a_message(
    settings: Path,
    emulator: EmulatorThread,  # noqa: F811 - the fixture
    storage_account: Account,
    tmp_path: Path,
    capsys: Captured,
) -> None:
    async def arrive() -> tuple[str, str]:
        product = settings_for(emulator, storage_account.connection_string, tmp_path / "secrets.json")
        async with World(product, emulator.addresses.sink_url) as world:
            await world.configure()
            emulator.control.deliver(
                MAILBOX, mail("Rechnung\x1b[2J für 架空", pdf=PDF), received="2026-11-20T08:00:00Z"
            )
            await world.settle(ticks=3)
            task = await world.app.services.parked.park(Queue.ACT, "not ours", "not a task of queue act", world.clock())
            return (await world.app.status()).messages[0].message, task

    message, task = asyncio.run(arrive())

    status, out, _ = call(settings, capsys, "status")
    assert status == 0
    text = "\n".join(out)
    assert "\x1b" not in text
    for shown in (
        MAILBOX,
        message,
        "für 架空",
        "announced",
        "imported document_accepted",
        f"parked task {task}",
        "1 announced",
    ):
        assert shown in text

    status, out, _ = call(settings, capsys, "explain", message)
    assert status == 0
    assert "\x1b" not in "".join(out)
    assert "Outcome: imported (document_accepted)" in out
    assert "Why:" in out

    assert call(settings, capsys, "rebuild")[1] == ["1 messages: 1 lines of lists, 0 on their way, 1 keys"]
    assert call(settings, capsys, "again", message)[1] == [f"message {message} runs again, generation 2"]
    status, _, error = call(settings, capsys, "again", message)
    assert (status, len(error)) == (1, 1)
    assert error[0] == f"postrum: message {message} is still on its way (archived). Wait until it is at an end."

    status, _, error = call(settings, capsys, "again", "--task", task)
    assert (status, error) == (1, ["postrum: not JSON, so not a task of queue act."])
    assert call(settings, capsys, "again", "--task", "none")[2] == ["postrum: no parked task has this id."]
    assert call(settings, capsys, "explain", "nothing")[2] == [
        "postrum: there is no message 'nothing'. `postrum status` lists messages."
    ]
    assert os.environ["IDENTITY_HEADER"] == emulator.addresses.msi_header


def test_the_documentation_names_everything() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    models = (Company, Mailbox, Folders, Series, Keyword, Rule, Subscriber)
    names = (
        {name for model in models for name in model.model_fields} | FIELDS.keys() | OPERATORS.keys() | PARAMETERS.keys()
    )
    names |= {kind.value for kind in EntityKind}
    assert sorted(name for name in names if f"`{name}`" not in text) == []
    [example] = re.findall(r"```yaml\n(companies:.*?)```", text, re.DOTALL)
    assert [company.id for company in companies(example)] == ["nordlys"]
