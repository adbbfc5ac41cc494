from __future__ import annotations

import pytest

from shared.mail.files import kind_of_file, read_outlook
from shared.mail.rtf import decompress
from shared.mail.rtf import read as read_rtf
from tests.mail.build import PDF, PNG, attachment, codes, lines, multipart, read, text
from tests.mail.outlook_files import (
    attached,
    attached_message,
    attribute,
    enveloped,
    properties,
    signed,
    tnef,
    wide,
)

INNER = multipart(
    text("inner text"),
    attachment("order.pdf", PDF),
    boundary="in",
    head=b"From: Eve <eve@example.com>\r\nSubject: Inside\r\nMessage-ID: <i@x>\r\n",
)


def forwarded(inner: bytes, extra: str = "") -> bytes:
    return multipart(text("see below"), f"Content-Type: message/rfc822\r\n{extra}\r\n".encode() + inner)


@pytest.mark.pain("C23")
@pytest.mark.parametrize("size", [1, 50, 1 << 16])
def test_attached_mails_are_opened(size: int) -> None:
    mail, leaves = read(forwarded(INNER), size)
    assert mail.text == "see below"
    assert [(m.path, m.subject, m.from_[0].address, m.attachments, m.message_id) for m in mail.embedded] == [
        ("2", "Inside", "eve@example.com", 1, "<i@x>")
    ]
    assert leaves == {"2/message/2": PDF}
    assert mail.attachments[0].nested


@pytest.mark.pain("C23")
def test_an_attached_mail_in_base64_is_opened_all_the_same() -> None:
    part = attachment("mail.eml", INNER, "message/rfc822")
    assert read(multipart(text("x"), part))[1] == {"2/mail.eml/2": PDF}


@pytest.mark.pain("C23")
def test_a_mail_is_known_by_its_content_under_another_type() -> None:
    part = attachment("saved.eml", INNER, "application/octet-stream")
    mail, leaves = read(multipart(text("x"), part, attachment("fake.eml", b"no mail at all")))
    assert leaves == {"2/saved.eml/2": PDF, "3": b"no mail at all"}
    assert len(mail.embedded) == 1


@pytest.mark.fault("C05")
@pytest.mark.parametrize("depth", [50, 500])
def test_mails_in_mails_end_at_the_limit_and_the_rest_is_kept(depth: int) -> None:
    data = b"".join(b"From: a@example.org\r\nContent-Type: message/rfc822\r\n\r\n" for _ in range(depth)) + INNER
    mail, leaves = read(data)
    assert not mail.complete
    assert "mails_too_deep" in codes(mail)
    assert len(mail.embedded) == 10
    assert PDF not in leaves.values()
    assert len(leaves) == 1


WINMAIL = tnef(
    attribute(
        1,
        0x69003,
        properties(
            (0x1000, 0x1F, wide("TNEF text")), (0x1013, 0x102, b"<p>T\xe4xt <img src='cid:c1'></p>"), (0x3FDE, 3, 1252)
        ),
    ),
    attached("a long näme.pdf", PDF),
    attached("pic.png", PNG, (0x3712, 0x1F, wide("c1"))),
    attached_message("Deeper", tnef(attribute(1, 0x18004, b"Deeper subject\0"), attached("deep.bin", b"deep"))),
)


@pytest.mark.pain("C20")
@pytest.mark.fault("C12")
def test_winmail_dat_is_opened_with_body_attachments_and_messages() -> None:
    mail, leaves = read(multipart(text("short"), attachment("winmail.dat", WINMAIL, "application/ms-tnef")))
    assert mail.text == "short"
    assert mail.html == "<p>Täxt <img src='cid:c1'></p>"
    assert leaves == {
        "2/winmail.dat/1": PDF,
        "2/winmail.dat/2": PNG,
        "2/winmail.dat/3/Deeper/1": b"deep",
    }
    assert [a.name for a in mail.attachments] == ["a long näme.pdf", "pic.png", "deep.bin"]
    assert [a.inline for a in mail.attachments] == [False, True, False]
    assert [m.subject for m in mail.embedded] == ["Deeper subject"]


@pytest.mark.pain("C20")
def test_winmail_dat_is_known_by_its_content() -> None:
    _, leaves = read(multipart(text("x"), attachment("att00001.bin", WINMAIL, "application/octet-stream")))
    assert leaves["2/att00001.bin/1"] == PDF


@pytest.mark.pain("C20")
@pytest.mark.fault("C12")
@pytest.mark.parametrize("cut", [20, 300, len(WINMAIL) - 30])
def test_a_truncated_winmail_dat_gives_what_it_still_holds(cut: int) -> None:
    mail, _ = read(multipart(text("x"), attachment("winmail.dat", WINMAIL[:cut], "application/ms-tnef")))
    assert codes(mail) & {"container_damaged", "container_not_opened"}


@pytest.mark.fault("C12")
def test_a_winmail_dat_that_is_none_is_kept_whole() -> None:
    mail, leaves = read(multipart(text("x"), attachment("winmail.dat", b"garbage", "application/ms-tnef")))
    assert leaves == {"2": b"garbage"}
    assert "container_not_opened" in codes(mail)


@pytest.mark.fault("C12")
def test_wrong_checksums_and_garbage_at_the_end_do_no_harm() -> None:
    broken = bytearray(tnef(attached("x.bin", b"data")))
    broken[-1] ^= 0xFF
    _, leaves = read(
        multipart(text("x"), attachment("winmail.dat", bytes(broken) + b"\xff" * 40, "application/ms-tnef"))
    )
    assert leaves == {"2/winmail.dat/1": b"data"}


def test_a_winmail_dat_on_its_own() -> None:
    assert kind_of_file(WINMAIL) == "tnef"
    mail = read_outlook(WINMAIL, "tnef")
    assert mail.type == "tnef"
    assert mail.text == "TNEF text"
    assert [a.path for a in mail.attachments] == ["1", "2", "3/Deeper/1"]


@pytest.mark.pain("C24")
@pytest.mark.parametrize("pieces", [1, 3])
def test_an_opaque_signature_is_unwrapped(pieces: int) -> None:
    content = multipart(text("signed text"), attachment("x.pdf", PDF), head=b"")
    part = attachment("smime.p7m", signed(content, pieces=pieces), "application/pkcs7-mime; smime-type=signed-data")
    mail, leaves = read(b"From: ada@example.org\r\n" + part)
    assert mail.text == "signed text"
    assert leaves == {"1/smime.p7m/2": PDF}
    assert mail.protection == "signed"


@pytest.mark.pain("C24")
def test_an_encrypted_mail_is_named_as_such() -> None:
    mail, leaves = read(b"From: ada@example.org\r\n" + attachment("smime.p7m", enveloped(), "application/pkcs7-mime"))
    assert leaves == {"1": enveloped()}
    assert mail.attachments[0].protected == "encrypted"
    assert mail.protection == "encrypted"
    assert "encrypted" in codes(mail)


def test_envelopes_inside_each_other_end_at_the_limit() -> None:
    content = b"Content-Type: text/plain\r\n\r\nhi"
    for _ in range(14):
        content = attachment("smime.p7m", signed(content), "application/pkcs7-mime; smime-type=signed-data")
    mail, _ = read(b"From: ada@example.org\r\n" + content)
    assert not mail.complete


def test_pgp_and_detached_signatures() -> None:
    mail, _ = read(multipart(b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", kind="encrypted"))
    assert mail.protection == "encrypted"
    mail, _ = read(multipart(text("x"), attachment("smime.p7s", b"0"), kind="signed"))
    assert mail.protection == "signed"
    assert mail.text == "x"


def test_a_broken_outlook_file_is_a_warning() -> None:
    mail = read_outlook(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "msg")
    assert not mail.complete
    assert codes(mail) == {"container_not_opened"}
    _, leaves = read(multipart(text("x"), attachment("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)))
    assert list(leaves) == ["2"]


def test_html_wrapped_in_rtf() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Gr\'fc\u223?e"
        rb"{\*\htmltag84 &amp;}\htmlrtf & \htmlrtf0 \{x\}{\*\htmltag72 </p>}\htmlrtf }\htmlrtf0 }"
    )
    assert read_rtf(source) == (None, "<p>Grüße&amp;{x}</p>")
    assert read_rtf(rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}one\par two \'e4}") == ("one\ntwo ä", None)


def test_rtf_is_decompressed_within_bounds() -> None:
    head = (100).to_bytes(4, "little") + (43).to_bytes(4, "little") + b"LZFu" + b"\0" * 4
    body = bytes.fromhex("03000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
    assert decompress(head + body) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress(head + body[:10]).startswith(b"{\\rtf1")


def test_a_calendar_part_is_an_attachment() -> None:
    invitation = lines(
        "Content-Type: text/calendar; method=REQUEST", "", "BEGIN:VCALENDAR", "METHOD:REQUEST", "END:VCALENDAR"
    )
    mail, _ = read(multipart(text("x"), invitation, kind="alternative"))
    assert mail.attachments[0].detected_type == "text/calendar"
    assert mail.automatic
    assert (mail.automatic.kind, mail.automatic.reason) == ("calendar", "request")
