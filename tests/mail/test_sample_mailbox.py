"""`postrum inspect` over the whole sample mailbox says of each mail what its manifest expects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.sample_mailbox import Manifest, write_sample_mailbox

KEYS = {
    "file", "type", "complete", "warnings", "message_id", "in_reply_to", "references", "date", "subject", "from", "sender",
    "reply_to", "to", "cc", "bcc", "text", "html", "reply", "forwarded", "automatic", "bounce", "authentication", "attachments",
    "embedded", "documents", "kind",
}  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("mailbox")
    manifest = write_sample_mailbox(folder)
    listed = folder / "list"
    listed.write_text("".join(f"{folder / entry.file}\n" for entry in manifest.mails))
    postrum = str(Path(sys.executable).with_name("postrum"))
    done = subprocess.run(
        [postrum, "inspect", "--json", "--files-from", str(listed)], capture_output=True, check=True, timeout=120
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(answer["file"]).name for answer in answers] == [entry.file for entry in manifest.mails]
    return manifest, answers


def test_the_kind_of_every_mail(seen: tuple[Manifest, list[dict[str, Any]]]) -> None:
    manifest, answers = seen
    assert {Path(answer["file"]).name: answer["kind"] for answer in answers} == {
        entry.file: entry.expected.kind for entry in manifest.mails
    }


def test_the_machines_behind_mails(seen: tuple[Manifest, list[dict[str, Any]]]) -> None:
    manifest, answers = seen
    for entry, answer in zip(manifest.mails, answers, strict=True):
        wanted, found = entry.expected.automatic, answer["automatic"]
        assert (found and found["kind"]) == (wanted and wanted.kind), entry.file
        if wanted and wanted.reason:
            assert found["reason"] == wanted.reason, entry.file


def test_every_key_and_every_document(seen: tuple[Manifest, list[dict[str, Any]]]) -> None:
    for answer in seen[1]:
        assert answer.keys() >= KEYS, answer["file"]
        assert answer["complete"], answer["file"]
        paths = {attachment["path"] for attachment in answer["attachments"]}
        assert all(document["path"] in paths and document["kind"] for document in answer["documents"]), answer["file"]
    assert sum(document["einvoice"] is not None for answer in seen[1] for document in answer["documents"]) >= 5
