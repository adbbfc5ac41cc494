"""Small mails for flow tests."""

from __future__ import annotations

import base64

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def mail(
    subject: str,
    *,
    text: str = "Good morning.",
    number: int = 1,
    pdf: bytes | None = None,
    extra: str = "",
    sender: str = "billing@fjordkraft.example",
) -> bytes:
    """A mail with an optional PDF; `number` makes its Message-ID, `extra` is more header lines."""
    head = (
        f"From: Billing <{sender}>\r\nTo: invoice@nordlys.example\r\nSubject: {subject}\r\n"
        f"Date: Fri, 20 Nov 2026 08:{number % 60:02d}:00 +0100\r\nMessage-ID: <m{number}@fjordkraft.example>\r\n"
        f"{extra}MIME-Version: 1.0\r\n"
    )
    body = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    if pdf is None:
        return f"{head}{body}".encode()
    name = f"invoice-{number}.pdf"
    return (
        f"{head}Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\n{body}"
        f'--b1\r\nContent-Type: application/pdf; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(pdf).decode()}\r\n--b1--\r\n"
    ).encode()
