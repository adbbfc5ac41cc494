from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.mail.build import PNG, attachment, lines, multipart, text
from tests.mail.outlook_files import attached, tnef

KEYS = {
    "file", "type", "complete", "warnings", "message_id", "in_reply_to", "references", "date", "subject", "from", "sender",
    "reply_to", "to", "cc", "bcc", "text", "html", "reply", "forwarded", "automatic", "bounce", "authentication", "attachments",
    "embedded", "documents", "kind",
}  # fmt: skip
UBL = (
    b'<?xml version="1.0"?><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" '
    b'xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><b:ID>R-7</b:ID></Invoice>'
)


def answers(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
    status = main(["inspect", "--json", *map(str, arguments)])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    path = tmp_path / "a.eml"
    path.write_bytes(
        multipart(text("Your invoice"), attachment("x.png", PNG), attachment("r.xml", UBL, "application/octet-stream"))
    )
    return path


def test_every_key_is_there(capsys: pytest.CaptureFixture[str], mail: Path) -> None:
    status, [answer] = answers(capsys, mail)
    assert status == 0
    assert set(answer) == KEYS
    assert answer["type"] == "mail"
    assert answer["attachments"][0] == {
        "path": "2", "name": "x.png", "content_type": "application/octet-stream", "detected_type": "image/png", "size": len(PNG),
        "sha256": answer["attachments"][0]["sha256"], "inline": False, "content_id": None, "nested": False, "protected": None,
        "reference": None,
    }  # fmt: skip


def test_documents_in_a_mail_are_read(capsys: pytest.CaptureFixture[str], mail: Path) -> None:
    _, [answer] = answers(capsys, mail)
    assert [(d["path"], d["kind"], d["einvoice"]["number"]) for d in answer["documents"]] == [("3", "invoice", "R-7")]
    assert answer["kind"] == "invoice"


def test_a_document_on_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(UBL)
    _, [answer] = answers(capsys, tmp_path / "r")
    assert (answer["type"], answer["documents"][0]["path"]) == ("document", "")
    assert set(answer) == KEYS


def test_files_come_from_a_list_and_an_unreadable_one_is_a_line(
    capsys: pytest.CaptureFixture[str], mail: Path, tmp_path: Path
) -> None:
    (tmp_path / "list").write_text(f"{tmp_path / 'missing.eml'}\n{mail}\n")
    status, found = answers(capsys, "--files-from", tmp_path / "list")
    assert status == 1
    assert [set(a) - KEYS for a in found] == [{"error"}, set()]
    assert [a["file"] for a in found] == [str(tmp_path / "missing.eml"), str(mail)]


@pytest.mark.parametrize(
    ("content", "kind", "type_"),
    [(tnef(attached("x.bin", b"1")), "auto", "tnef"), (b"Hi\n\n> old", "body", "body"), (b"<p>Hi", "html", "html")],
)
def test_other_kinds_of_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, kind: str, type_: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    _, [answer] = answers(capsys, "--as", kind, tmp_path / "file")
    assert answer["type"] == type_
    assert set(answer) == KEYS


def test_trust_is_named_on_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(
        lines("Authentication-Results: MX.example.net; dmarc=pass", "From: a@example.org", "", "hi")
    )
    assert not answers(capsys, tmp_path / "a")[1][0]["authentication"]["trusted"]
    assert answers(capsys, "--trust", "mx.Example.net", tmp_path / "a")[1][0]["authentication"]["aligned"]


def test_bad_content_is_no_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * 20)
    status, [answer] = answers(capsys, tmp_path / "a")
    assert status == 0
    assert set(answer) == KEYS


def test_wrong_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["inspect"]) == 2
    assert main(["inspect", "--files-from", str(tmp_path / "missing")]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["inspect", "--as", "nonsense", "x"])
    assert ended.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.fault("D02")
def test_people_get_a_list_and_no_control_characters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(
        multipart(text("Hi"), attachment("evil\u202efdp.exe", b"MZ" + b"\0" * 70).replace(b"filename=", b"filename="))
    )
    assert main(["inspect", str(tmp_path / "a")]) == 0
    out = capsys.readouterr().out
    assert "subject         Test" in out
    assert "portable-executable" in out
    assert "\u202e" not in out
