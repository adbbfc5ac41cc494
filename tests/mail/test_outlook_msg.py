from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.mail.files import kind_of_file, read_outlook
from shared.model.mail import Person
from tests.mail.build import PDF, PNG, attachment, codes, multipart, read, text
from tests.mail.compound import compound, file_attached, message, message_attached, recipient

LARGE = bytes(range(256)) * 200
DEEPEST = message(
    {0x0037001F: "Deepest", 0x1000001F: "deep text"}, attachments=(file_attached("deep.bin", b"deep"),), top=False
)
INNER = message(
    {0x0037001F: "Inside", 0x0C1F001F: "eve@example.com", 0x0C1A001F: "Eve", 0x1035001F: "<inner@example.com>"},
    attachments=(file_attached("order.pdf", PDF), message_attached("Deepest", DEEPEST)),
    top=False,
)
MSG = compound(
    message(
        {
            0x001A001F: "IPM.Note",
            0x0037001F: "Årsrapport – 2026",
            0x1000001F: "Hej,\r\n\r\nse vedhæftet.\r\n",
            0x10130102: "<p>Hej, <img src='cid:logo1'> se vedhæftet.</p>".encode(),
            0x3FDE0003: 65001,
            0x0C1A001F: "Jonas Berg",
            0x0C1F001F: "jonas@fjordkraft.example",
            0x1035001F: "<m1@fjordkraft.example>",
            0x1042001F: "<m0@nordlys.example>",
            0x00390040: 134_080_452_000_000_000,
        },
        (recipient("Faktura", "invoice@nordlys.example"), recipient("Ida", "ida@nordlys.example", 2)),
        (
            file_attached("tegning.bin", LARGE),
            file_attached("faktura.pdf", PDF, content_type="application/pdf"),
            file_attached("logo.png", PNG, content_id="logo1"),
            message_attached("Inside", INNER),
        ),
    )
)


@pytest.mark.pain("C20")
def test_an_outlook_file_gives_names_bodies_attachments_and_messages() -> None:
    assert kind_of_file(MSG) == "msg"
    mail = read_outlook(MSG, "msg")
    assert not mail.warnings
    assert (mail.type, mail.complete) == ("msg", True)
    assert mail.subject == "Årsrapport – 2026"
    assert mail.from_ == (Person(name="Jonas Berg", address="jonas@fjordkraft.example"),)
    assert mail.to == (Person(name="Faktura", address="invoice@nordlys.example"),)
    assert mail.cc == (Person(name="Ida", address="ida@nordlys.example"),)
    assert (mail.message_id, mail.in_reply_to) == ("<m1@fjordkraft.example>", "<m0@nordlys.example>")
    assert mail.date == "2025-11-19T17:00:00+00:00"
    assert mail.text == "Hej,\n\nse vedhæftet.\n"
    assert mail.html == "<p>Hej, <img src='cid:logo1'> se vedhæftet.</p>"
    assert [
        (a.path, a.name, a.size, a.inline, a.sha256 == hashlib.sha256(LARGE).hexdigest()) for a in mail.attachments
    ] == [
        ("1", "tegning.bin", len(LARGE), False, True),
        ("2", "faktura.pdf", len(PDF), False, False),
        ("3", "logo.png", len(PNG), True, False),
        ("4/Inside/1", "order.pdf", len(PDF), False, False),
        ("4/Inside/2/Deepest/1", "deep.bin", 4, False, False),
    ]
    assert [(m.path, m.subject, m.attachments) for m in mail.embedded] == [
        ("4", "Inside", 1),
        ("4/Inside/2", "Deepest", 1),
    ]
    assert mail.embedded[0].from_ == (Person(name="Eve", address="eve@example.com"),)


@pytest.mark.pain("C20")
@pytest.mark.parametrize(
    ("name", "kind"), [("brev.msg", "application/vnd.ms-outlook"), ("brev", "application/octet-stream")]
)
def test_an_outlook_file_attached_to_a_mail_is_a_mail(name: str, kind: str) -> None:
    mail, leaves = read(multipart(text("see the message"), attachment(name, MSG, kind)))
    assert mail.text == "see the message"
    assert [m.subject for m in mail.embedded] == ["Årsrapport – 2026", "Inside", "Deepest"]
    assert leaves[f"2/{name}/1"] == LARGE
    assert leaves[f"2/{name}/4/Inside/1"] == PDF


def test_old_files_in_the_code_page_of_their_writer() -> None:
    mail = read_outlook(
        compound(message({0x0037001E: b"Rechnung \xfcber 5 \x80", 0x3FFD0003: 1252, 0x1000001E: b"Gr\xfc\xdfe"})), "msg"
    )
    assert (mail.subject, mail.text) == ("Rechnung über 5 €", "Grüße")


@pytest.mark.fault("C05")
def test_messages_in_messages_end_at_the_limit() -> None:
    inner = message({0x0037001F: "0"}, top=False)
    for number in range(1, 15):
        inner = message(
            {0x0037001F: str(number)}, attachments=(message_attached(str(number), inner),), top=number == 14
        )
    mail = read_outlook(compound(inner), "msg")
    assert mail.subject == "14"
    assert len(mail.embedded) <= 11
    assert "container_damaged" in codes(mail) or not mail.complete


@pytest.mark.fault("C12")
@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(MSG) - 1), st.binary(max_size=8), st.integers(0, 600))
def test_no_damage_to_an_outlook_file_raises(at: int, inserted: bytes, removed: int) -> None:
    read_outlook(MSG[:at] + inserted + MSG[at + removed :], "msg").model_dump_json()
