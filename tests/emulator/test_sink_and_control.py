from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from emulator.control import OPERATIONS
from emulator.server import EmulatorThread
from tests.emulator.client import MAILBOX, mail


def test_the_sink_records_exact_bytes_and_shows_them_escaped(emulator: EmulatorThread, http: httpx.Client) -> None:
    body = b"<script>alert(1)</script>\xff\r\n"
    assert http.post(f"{emulator.sink_url}/a", content=body, headers={"Webhook-Id": "1"}).status_code == 200
    (record,) = http.get(f"{emulator.control_url}/sink/a").json()
    assert base64.b64decode(record["base64"]) == body
    assert ["Webhook-Id", "1"] in record["headers"]
    page = http.get(f"{emulator.sink_url}/").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "Nothing has come in" in http.get(f"{emulator.sink_url}/b").text
    http.delete(f"{emulator.control_url}/sink/a")
    assert emulator.control.sink("a") == []


def test_the_sink_answers_as_programmed(emulator: EmulatorThread, http: httpx.Client) -> None:
    url = f"{emulator.sink_url}/a"
    emulator.control.program_sink(
        "a", statuses=[503, 302, 204], retry_after="7", location="http://127.0.0.1:1/", delay_ms=1
    )
    answers = [http.post(url) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 302, 204, 204]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[1].headers["Location"] == "http://127.0.0.1:1/"
    emulator.control.program_sink("a", body_bytes=200_000)
    assert len(http.post(url).content) == 200_000
    emulator.control.program_sink("a", body_bytes=-1)
    with http.stream("POST", url) as endless:
        assert next(endless.iter_raw())
    emulator.control.program_sink("a", drop=True)
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(url)
    emulator.control.program_sink("a", hang=True)
    with pytest.raises(httpx.ReadTimeout):
        http.post(url, timeout=0.1)
    assert len(emulator.control.sink("a")) == 8


def test_the_control_plane_over_http(emulator: EmulatorThread, http: httpx.Client) -> None:
    assert set(http.get(f"{emulator.control_url}/").json()) == set(OPERATIONS)
    http.post(f"{emulator.control_url}/create_mailbox", json={"address": MAILBOX}).raise_for_status()
    content = base64.b64encode(mail("Over HTTP")).decode()
    made = http.post(f"{emulator.control_url}/deliver", json={"mailbox": MAILBOX, "content_base64": content})
    assert made.status_code == 200
    dump = http.get(f"{emulator.control_url}/dump", params={"mailbox": MAILBOX}).json()
    assert dump["messages"][0]["immutable_id"] == made.json()["immutable_id"]
    assert http.post(f"{emulator.control_url}/nothing").status_code == 404
    assert http.post(f"{emulator.control_url}/deliver", json={"mailbox": "x"}).status_code == 400
    assert http.post(f"{emulator.control_url}/deliver", json={"colour": "red"}).status_code == 400


@pytest.mark.parametrize("operation", ["reset", "counters", "behaviour", "faults", "subscriptions"])
def test_operations_without_arguments(emulator: EmulatorThread, http: httpx.Client, operation: str) -> None:
    assert http.post(f"{emulator.control_url}/{operation}").status_code == 200


def test_reset_can_keep_mailboxes(emulator: EmulatorThread) -> None:
    control = emulator.control
    control.create_mailbox(MAILBOX)
    control.set_latency(list=5)
    control.reset(keep_mailboxes=True)
    assert control.dump(MAILBOX)["address"] == MAILBOX
    assert control.set_latency() == {}


def test_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        assert told == json.loads((tmp_path / "emulator.json").read_text())
        port = told["authority"].rpartition(":")[2]
        second = subprocess.run(
            [*command[:-1], str(tmp_path / "second"), "--port", port], capture_output=True, text=True, check=False
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert "in use" in second.stderr


def test_the_ca_stays_in_its_directory(tmp_path: Path) -> None:
    with EmulatorThread(tmp_path) as first:
        authority = Path(first.ca_file).read_bytes()
    with EmulatorThread(tmp_path) as second:
        assert Path(second.ca_file).read_bytes() == authority
