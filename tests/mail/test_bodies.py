from __future__ import annotations

import pytest

from shared.mail.html_text import html_to_text
from tests.mail.build import HEAD, PDF, PNG, attachment, codes, lines, multipart, read, text

UMLAUTS = "Grüße aus Köln, schöne Straße. " * 5


@pytest.mark.pain("C26")
@pytest.mark.fault("C08")
@pytest.mark.parametrize(
    ("label", "codec", "content"),
    [
        ("utf-8", "utf-8", UMLAUTS),
        ("UTF8", "utf-8", UMLAUTS),
        ("iso-8859-1", "cp1252", "“Grüße” – 5 €"),
        ("windows-1252", "cp1252", "“Grüße” – 5 €"),
        ("utf-7", "utf-7", "Grüße & mehr"),
        ("iso-2022-jp", "iso-2022-jp", "請求書をお送りします"),
        ("gb2312", "gb18030", "发票已发送"),
        ("big5", "big5", "發票已寄出"),
        ("shift_jis", "cp932", "①請求書"),
        ("euc-kr", "cp949", "청구서"),
        ("koi8-r", "koi8-r", "Счёт прилагается"),
        ("windows-1251", "cp1251", "Счёт прилагается"),
        ("iso-8859-2", "iso8859-2", "Zażółć gęślą jaźń"),
        ("x-mac-roman", "mac-roman", "Grüße"),
        ("macintosh", "mac-roman", "Grüße"),
        ("utf-16", "utf-16", "Grüße"),
        ("utf-16le", "utf-16-le", "Grüße"),
        ("cp850", "cp850", "Grüße"),
        ("iso-8859-15", "iso8859-15", "5 €"),
        ("'utf-8'", "utf-8", UMLAUTS),
    ],
)
def test_charsets_in_use(label: str, codec: str, content: str) -> None:
    head = f"Content-Type: text/plain; charset={label}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    mail, _ = read(HEAD + head + content.encode(codec))
    assert mail.text == content
    assert not mail.warnings


@pytest.mark.fault("C08")
@pytest.mark.parametrize("label", ["", "nonsense", "us-ascii", "charset==?", "x-unknown"])
@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_an_undeclared_charset_is_guessed_and_said(label: str, codec: str) -> None:
    kind = f"Content-Type: text/plain{f'; charset={label}' if label else ''}\r\n\r\n".encode()
    mail, _ = read(HEAD + kind + UMLAUTS.encode(codec))
    assert mail.text == UMLAUTS
    assert "charset" in codes(mail)


@pytest.mark.fault("C08")
def test_a_wrongly_declared_charset_is_mended_and_said() -> None:
    mail, _ = read(HEAD + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + UMLAUTS.encode())
    assert mail.text == UMLAUTS
    assert "charset" in codes(mail)


def test_text_and_html_of_an_alternative() -> None:
    mail, _ = read(multipart(text("plain"), text("<b>rich</b>", "html"), kind="alternative"))
    assert (mail.text, mail.html) == ("plain", "<b>rich</b>")
    assert not mail.attachments


def test_text_is_made_from_html_where_there_is_only_html() -> None:
    mail, _ = read(
        HEAD + b"Content-Type: text/html\r\n\r\n<title>no</title><p>Hello <b>Bob</b>,</p><p>bye<br>Ada&nbsp;L.</p>"
    )
    assert mail.text == "Hello Bob,\n\nbye\nAda L."


def test_html_to_text() -> None:
    html = "<style>x{}</style><h1>Title</h1><ul><li>one<li>two</ul><table><tr><td>a<td>b</table><pre>x\n  y</pre><script>1</script>"
    assert html_to_text(html) == "Title\n\n- one\n- two\n\na b\n\nx\n  y"


def test_a_mixed_mail_reads_on_behind_its_attachment() -> None:
    mail, _ = read(multipart(text("above"), attachment("x.pdf", PDF), text("The list's footer.")))
    assert mail.text == "above\nThe list's footer."
    assert [a.name for a in mail.attachments] == ["x.pdf"]


def test_named_text_is_an_attachment() -> None:
    named = b'Content-Type: text/plain; name="notes.txt"\r\n\r\nnotes'
    mail, leaves = read(multipart(text("body"), named, b"Content-Type: text/csv\r\n\r\na;b"))
    assert mail.text == "body"
    assert leaves == {"2": b"notes", "3": b"a;b"}


@pytest.mark.pain("C22")
def test_inline_is_what_the_html_shows_not_what_the_disposition_says() -> None:
    html = text('<img src="cid:logo@example.org"><a href="cid:paper">x</a><img src="photo.png">', "html")
    mail, _ = read(
        multipart(
            html,
            attachment("logo.png", PNG, "image/png", "Content-ID: <logo@example.org>\r\n"),
            attachment("other.png", PNG + b"1", "image/png", "Content-ID: <other@example.org>\r\n").replace(
                b"attachment;", b"inline;"
            ),
            attachment("paper.pdf", PDF, "application/pdf", "Content-ID: <paper>\r\n").replace(
                b"attachment;", b"inline;"
            ),
            attachment("photo.png", PNG + b"2", "image/png", "Content-Location: photo.png\r\n"),
            kind="related",
        )
    )
    assert {a.name: a.inline for a in mail.attachments} == {
        "logo.png": True,
        "other.png": False,
        "paper.pdf": False,
        "photo.png": True,
    }


@pytest.mark.pain("C36")
def test_the_type_comes_from_the_content() -> None:
    mail, _ = read(
        multipart(text("x"), attachment("invoice.txt", PDF, "text/plain"), attachment("a.pdf", b"MZ\x90" + b"\0" * 80))
    )
    assert [a.detected_type for a in mail.attachments] == [
        "application/pdf",
        "application/vnd.microsoft.portable-executable",
    ]


@pytest.mark.fault("C11")
def test_empty_nameless_and_equal_names() -> None:
    parts = [attachment("same.bin", b"%d" % i) for i in range(50)]
    mail, leaves = read(
        multipart(text("x"), attachment("empty.bin", b""), b"Content-Type: application/x\r\n\r\nq", *parts)
    )
    assert [a.size for a in mail.attachments[:2]] == [0, 1]
    assert mail.attachments[1].name is None
    assert len(leaves) == 52


@pytest.mark.pain("C25")
def test_linked_files_are_listed_as_links() -> None:
    linked = lines(
        "Content-Type: application/octet-stream; name=big.zip",
        "X-Mozilla-Cloud-Part: cloudFile; url=https://files.example.org/big.zip; provider=box",
        "",
        "",
    )
    outside = lines('Content-Type: message/external-body; access-type=URL; URL="https://files.example.org/a"', "", "")
    mail, _ = read(multipart(text("see"), linked, outside))
    assert [a.reference for a in mail.attachments] == [
        "https://files.example.org/big.zip",
        "https://files.example.org/a",
    ]


@pytest.mark.pain("C24")
def test_protected_files_are_named_as_such() -> None:
    locked = b"PK\x03\x04\x14\x00\x01\x00" + b"\0" * 60
    mail, _ = read(
        multipart(
            text("x"),
            attachment("a.zip", locked),
            attachment("b.zip", b"PK\x03\x04\x14\x00\x00" + b"\0" * 60),
            attachment("message.rpmsg", b"x", "application/x-microsoft-rpmsg-message"),
        )
    )
    assert [a.protected for a in mail.attachments] == ["password", None, "rights"]
    assert mail.protection == "rights"
