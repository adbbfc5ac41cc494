"""A large mail that Graph cannot give whole is put together from its parts, and is known as such."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from shared.errors import MessageGone, NetworkFailure, PermanentError, ServiceUnavailable
from shared.mail.reader import read_mail
from shared.sources.graph import GraphSource
from shared.sources.graph.properties import MARK
from shared.sources.graph.rebuild import LARGE
from tests.sources.conftest import GraphProvider
from tests.sources.contract import MEBIBYTE, mail_bytes, whole
from tests.sources.server import add

ALWAYS = -1
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def timed_out(provider: GraphProvider, times: int = ALWAYS) -> None:
    add(provider, "value", status=504, code="UnknownError", times=times)


def large_mail(filler: int = LARGE) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "Müller & Søn <billing@supplier.example>"
    mail["To"] = "invoice@company.example"
    mail["Cc"] = "Second <second@company.example>"
    mail["Subject"] = "Rechnung für Køb"
    mail["Message-ID"] = "<large@supplier.example>"
    mail["Date"] = "Mon, 02 Nov 2026 08:15:00 +0000"
    mail["Received"] = "from a.example by b.example; Mon, 02 Nov 2026 08:15:01 +0000"
    mail[MARK] = "graph-504"
    mail.set_content("plain")
    mail.add_alternative('<p>Grüße <img src="cid:logo@supplier.example"></p>', subtype="html")
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(PICTURE, "image", "png", cid="<logo@supplier.example>", filename="logo.png", disposition="inline")
    mail.add_attachment(
        b"%PDF-1.7 " + b"\0\xff" * (filler // 2), maintype="application", subtype="pdf", filename="Køb.pdf"
    )
    nested = EmailMessage(policy=policy.SMTP)
    nested["Subject"] = "Inside"
    nested["From"] = "inner@example.org"
    nested.set_content("the inner text")
    nested.add_attachment(b"inner file", maintype="application", subtype="octet-stream", filename="inner.bin")
    mail.add_attachment(nested)
    mail.add_attachment(b"", maintype="text", subtype="csv", filename="empty.csv")
    return mail


async def fetched(source: GraphSource, mail: str) -> tuple[bytes, bool]:
    async with source.fetch(mail) as pieces:
        reconstructed = pieces.reconstructed
        return b"".join([piece async for piece in pieces]), reconstructed


@pytest.mark.pain("C21")
async def test_a_large_mail_is_put_together_from_its_parts(source: GraphSource, provider: GraphProvider) -> None:
    original = large_mail()
    mail = provider.deliver(original.as_bytes())
    timed_out(provider)
    content, reconstructed = await fetched(source, mail)
    assert reconstructed
    assert content.startswith(f"{MARK}: graph-504\r\n".encode())
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.get_all(MARK) == ["graph-504"]
    for name in ("From", "To", "Cc", "Subject", "Message-ID", "Date", "Received"):
        assert parsed.get_all(name) == original.get_all(name)
    body = parsed.get_body(("html",))
    assert body is not None
    assert "Grüße" in body.get_content()
    assert not any(part.defects for part in parsed.walk())
    pdf, nested, empty = parsed.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type()) == ("Køb.pdf", "application/pdf")
    assert pdf.get_content() == b"%PDF-1.7 " + b"\0\xff" * (LARGE // 2)
    assert nested.get_content_type() == "message/rfc822"
    assert nested.get_content()["Subject"] == "Inside"
    assert [part.get_filename() for part in nested.get_content().iter_attachments()] == ["inner.bin"]
    assert empty.get_filename() == "empty.csv"
    assert empty.get_payload(decode=True) == b""
    [related] = [part for part in parsed.walk() if part.get_content_type() == "multipart/related"]
    [picture] = [part for part in related.walk() if part.get_content_maintype() == "image"]
    assert isinstance(picture, EmailMessage)
    assert picture["Content-ID"] == "<logo@supplier.example>"
    assert picture.get_content() == PICTURE
    before, read = read_mail([original.as_bytes()]), read_mail([content])
    assert [(one.name, one.sha256) for one in read.attachments] == [
        (one.name, one.sha256) for one in before.attachments
    ]
    assert read.warnings == ()


@pytest.mark.pain("C21")
@pytest.mark.parametrize("broken", [False, True])
async def test_no_attachment_that_graph_lists_is_missing(
    source: GraphSource, provider: GraphProvider, broken: bool
) -> None:
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = "Many"
    mail.set_content("text")
    for number in range(8):
        mail.add_attachment(b"x" * (LARGE // 7), maintype="application", subtype="pdf", filename=f"{number}.pdf")
    identity = provider.deliver(mail.as_bytes())
    listed = await source._client.call(source._requests.attachments(identity), "listing")
    if broken:
        timed_out(provider)
    content, reconstructed = await fetched(source, identity)
    assert reconstructed is broken
    parts = list(message_from_bytes(content, policy=policy.default).iter_attachments())
    assert [part.get_filename() for part in parts] == [entry["name"] for entry in listed["value"]]
    assert len(parts) == 8


async def test_a_small_mail_that_times_out_is_asked_for_again_later(
    source: GraphSource, provider: GraphProvider
) -> None:
    content = large_mail(1000).as_bytes()
    mail = provider.deliver(content)
    timed_out(provider, 1)
    with pytest.raises(ServiceUnavailable, match="504"):
        await whole(source, mail)
    assert await fetched(source, mail) == (content, False)


async def test_the_header_of_a_sender_does_not_make_a_mail_reconstructed(
    source: GraphSource, provider: GraphProvider
) -> None:
    content = f"{MARK}: graph-504\r\n".encode() + mail_bytes()
    assert await fetched(source, provider.deliver(content)) == (content, False)


async def test_it_is_the_same_each_time(source: GraphSource, provider: GraphProvider) -> None:
    mail = provider.deliver(large_mail().as_bytes())
    timed_out(provider)
    assert await fetched(source, mail) == await fetched(source, mail)


async def test_what_came_is_handed_on_in_small_pieces_before_the_rest_is_there(
    source: GraphSource, provider: GraphProvider
) -> None:
    mail = provider.deliver(large_mail().as_bytes())
    timed_out(provider)
    add(provider, "attachment_value", nth=2, mode="cut_body", after_bytes=2 * MEBIBYTE)
    received: list[int] = []

    async def receive() -> None:
        async with source.fetch(mail) as pieces:
            async for piece in pieces:
                received.append(len(piece))

    with pytest.raises(NetworkFailure):
        await receive()
    assert 2 * MEBIBYTE < sum(received) < 3 * MEBIBYTE
    assert 0 < min(received) <= max(received) <= 256 * 1024


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 504}, ServiceUnavailable),
        ({"status": 404, "code": "ErrorItemNotFound"}, MessageGone),
        ({"mode": "cut_body", "after_bytes": 1_000_000}, NetworkFailure),
    ],
)
async def test_an_attachment_that_cannot_be_had_is_no_mail_without_it(
    source: GraphSource, provider: GraphProvider, fault: dict[str, Any], error: type[Exception]
) -> None:
    mail = provider.deliver(large_mail().as_bytes())
    timed_out(provider)
    add(provider, "attachment_value", nth=2, **fault)
    with pytest.raises(error):
        await whole(source, mail)


async def test_a_mail_that_goes_in_between_is_gone(source: GraphSource, provider: GraphProvider) -> None:
    mail = provider.deliver(large_mail().as_bytes())
    timed_out(provider)
    add(provider, "attachments", status=404, code="ErrorItemNotFound")
    with pytest.raises(MessageGone):
        await whole(source, mail)


async def test_a_file_that_is_kept_elsewhere_is_named_and_not_fetched(
    source: GraphSource, provider: GraphProvider
) -> None:
    lines = [
        b'Content-Type: multipart/mixed; boundary="b"',
        b"",
        b"--b",
        b'Content-Type: message/external-body; access-type=URL; URL="https://files.example/x"',
        b'Content-Disposition: attachment; filename="Budget.xlsx"',
        b"",
        b"Content-Type: application/octet-stream",
        b"",
        b"--b",
        b"Content-Type: application/pdf",
        b"Content-Disposition: attachment",
        b"",
        b"x" * LARGE,
        b"--b--",
        b"",
    ]
    mail = provider.deliver(b"\r\n".join(lines))
    timed_out(provider)
    content, reconstructed = await fetched(source, mail)
    note, _ = message_from_bytes(content, policy=policy.default).iter_attachments()
    assert reconstructed
    assert note.get_filename() == "Budget.xlsx.txt"
    assert "'Budget.xlsx'" in note.get_content()


@pytest.mark.parametrize(
    ("start", "kind", "name"),
    [
        ("BEGIN:VCALENDAR\r\nVERSION:2.0", "text/calendar", "Item.ics"),
        ("\ufeffbegin:vcard\r\nVERSION:4.0", "text/vcard", "Item.vcf"),
    ],
)
async def test_an_appointment_and_a_contact_are_no_mails(
    source: GraphSource, provider: GraphProvider, start: str, kind: str, name: str
) -> None:
    mail = provider.deliver(large_mail().as_bytes())
    timed_out(provider)
    listed = [
        {"@odata.type": "#microsoft.graph.itemAttachment", "id": "AAMkA1", "name": "Item", "size": LARGE},
        {"id": None, "name": "no attachment"},
    ]
    add(provider, "attachments", status=200, body=json.dumps({"value": listed}))
    add(provider, "attachment_value", status=200, body=start)
    content, _ = await fetched(source, mail)
    [item] = message_from_bytes(content, policy=policy.default).iter_attachments()
    assert (item.get_content_type(), item.get_filename()) == (kind, name)
    assert item.get_payload(decode=True) == start.encode()


async def test_a_thousand_attachments_are_enough(source: GraphSource, provider: GraphProvider) -> None:
    mail = provider.deliver(large_mail().as_bytes())
    timed_out(provider)
    listed = [{"id": f"AAMkA{number}", "name": "x", "size": LARGE} for number in range(1001)]
    add(provider, "attachments", status=200, body=json.dumps({"value": listed}))
    with pytest.raises(PermanentError, match="more than 1,000") as caught:
        await whole(source, mail)
    assert caught.value.cause == "graph_too_many_attachments"
