"""What the development host refuses, in one line each, and with which exit status."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

import pytest

from local.host.errors import CONFIGURATION, INDEXING_FAILED, PORT_IN_USE, STORAGE_UNREACHABLE
from tests.local.conftest import App

QUEUE = """
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    note(os.environ["GREETING"])
"""
OPEN = """
@app.route(route="open", auth_level=func.AuthLevel.ANONYMOUS)
async def door(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ["GREETING"])
"""


def test_an_unknown_key_of_host_json_is_named(app: App) -> None:
    app.write(QUEUE, host_json={"version": "2.0", "extensions": {"queues": {"batchSise": 3}}})
    status, line = app.refused()
    assert status == CONFIGURATION
    assert "extensions.queues.batchSise" in line


def test_a_port_in_use(app: App) -> None:
    app.write(QUEUE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, line = app.refused("--port", str(port))
    assert status == PORT_IN_USE
    assert f"Port {port} is in use" in line
    assert "--port" in line


def test_storage_that_does_not_answer(app: App) -> None:
    app.write(QUEUE)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    storage = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:{port}/a;"
    storage += f"BlobEndpoint=http://127.0.0.1:{port}/a;"
    status, line = app.refused(environment={"AzureWebJobsStorage": storage})
    assert status == STORAGE_UNREACHABLE
    assert f"http://127.0.0.1:{port}/a" in line
    assert "start Azurite" in line


def test_a_wrong_storage_key(app: App) -> None:
    app.write(QUEUE)
    wrong = app.account.connection_string.replace(app.account.key, "d3Jvbmc=")
    status, line = app.refused(environment={"AzureWebJobsStorage": wrong})
    assert status == STORAGE_UNREACHABLE
    assert "refuses" in line
    assert "d3Jvbmc" not in line


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import no_such_module_anywhere\n", "no_such_module_anywhere"),
        ("\n\nraise RuntimeError('at line 18')\n", "RuntimeError: at line 18"),
        ("def broken(:\n", "SyntaxError"),
        ("del app\n", "Could not find top level function app instances"),
        ("", "registers no function"),
        ("@app.route(route='x')\nasync def f(req: int) -> str: ...\n", "f function"),
    ],
)
def test_an_app_that_cannot_be_indexed(app: App, source: str, expected: str) -> None:
    app.write(source)
    status, line = app.refused()
    assert status == INDEXING_FAILED
    assert expected in line
    assert "function_app.py" in line
    assert "sys.path" not in line


def test_a_folder_without_an_app(app: App) -> None:
    app.write("")
    (app.folder / "function_app.py").unlink()
    status, line = app.refused()
    assert status == CONFIGURATION
    assert "There is no function_app.py" in line


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "@app.blob_trigger(arg_name='b', path='x/y', connection='AzureWebJobsStorage')\n"
            "async def f(b: func.InputStream): ...\n",
            "function f uses blobTrigger",
        ),
        (
            "@app.queue_output(arg_name='o', queue_name='other', connection='AzureWebJobsStorage')\n"
            + QUEUE.lstrip().replace("message: func.QueueMessage", "message: func.QueueMessage, o: func.Out[str]"),
            "function work uses the binding queue",
        ),
        (QUEUE.replace("work", "%MISSING%", 1), "the setting MISSING is missing"),
        (QUEUE.replace('"work"', '"no--name"'), "'no--name' is not a queue name"),
        (QUEUE.replace("AzureWebJobsStorage", "OtherStorage"), "The setting OtherStorage is missing"),
        (
            "@app.timer_trigger(schedule='* * * * *', arg_name='t')\nasync def f(t: func.TimerRequest) -> None: ...\n",
            "function f: '* * * * *' has 5 fields",
        ),
        (
            "@app.route(route='x/{y:regex}')\nasync def f(req: func.HttpRequest) -> func.HttpResponse: ...\n",
            "constraint 'regex'",
        ),
    ],
)
def test_a_binding_that_the_host_cannot_serve(app: App, source: str, expected: str) -> None:
    app.write(source)
    status, line = app.refused()
    assert status == CONFIGURATION
    assert expected in line


def test_settings_come_before_indexing_and_the_environment_wins(app: App) -> None:
    import urllib.request

    app.write("GREETING = os.environ['GREETING']\n" + OPEN, settings={"GREETING": "from the file"})
    host = app.start()
    with urllib.request.urlopen(f"{host.url}/api/open") as answer:
        assert answer.read() == b"from the file"
    host.stop()
    host = app.start(environment={"GREETING": "from the environment"})
    with urllib.request.urlopen(f"{host.url}/api/open") as answer:
        assert answer.read() == b"from the environment"
    host.stop()


def test_settings_and_host_json_from_elsewhere(app: App) -> None:
    import urllib.request

    app.write(OPEN)
    other = app.folder / "elsewhere"
    other.mkdir()
    (other / "settings.json").write_text(json.dumps({"Values": {"GREETING": "elsewhere"}}))
    (other / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"http": {"routePrefix": "v9"}}}))
    host = app.start("--settings", str(other / "settings.json"), "--host-json", str(other / "host.json"))
    with urllib.request.urlopen(f"{host.url}/v9/open") as answer:
        assert answer.read() == b"elsewhere"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{", "line 1: this is not JSON"),
        ([], "must hold a JSON object"),
        ({"IsEncrypted": True, "Values": {}}, "is encrypted"),
        ({"ConnectionStrings": {}}, "does not know ConnectionStrings"),
        ({"Values": {"A": 1}}, "Values.A must be a text"),
        ({"Host": {"LocalHttpPort": "x"}}, "LocalHttpPort"),
    ],
)
def test_broken_settings(app: App, document: Any, expected: str) -> None:
    app.write(OPEN)
    text = document if isinstance(document, str) else json.dumps(document)
    (app.folder / "local.settings.json").write_text(text)
    status, line = app.refused()
    assert status == CONFIGURATION
    assert expected in line


def test_the_ready_file_is_for_its_owner_only_and_goes_with_the_host(app: App) -> None:
    app.write(OPEN, settings={"GREETING": "x"})
    host = app.start()
    path = app.folder / "ready.json"
    assert path.stat().st_mode & 0o077 == 0
    assert host.ready["pid"] == host.process.pid
    assert host.ready["functions"] == ["door"]
    host.stop()
    assert not path.exists()


def test_nothing_is_left_in_the_environment_of_these_tests() -> None:
    assert "GREETING" not in os.environ
