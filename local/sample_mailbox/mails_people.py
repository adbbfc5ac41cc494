"""Mails without papers in the ordinary sense, forwarded mails, and mails inside mails."""

from __future__ import annotations

from collections.abc import Iterator

from local.sample_mailbox import papers
from local.sample_mailbox.envelope import at, from_party, from_person, sample
from local.sample_mailbox.files import docx
from local.sample_mailbox.letters import (
    FORWARDED,
    LETTERS,
    MINUTES,
    NESTED,
    RENAMED_TEXT,
    TICKET_ANSWER,
    TICKET_REPLIES,
)
from local.sample_mailbox.mails_business import PDF, with_files
from local.sample_mailbox.mime import Part, attached_mail, attachment, multipart, text
from local.sample_mailbox.model import SampleMail
from local.sample_mailbox.parties import FJORD, FYR, KANTINE, MOLEN, TULP
from local.sample_mailbox.pdf import pdf

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_THEO = ("Theo Pretend", "theo@invented-bookshop.example")


def people_mails() -> Iterator[SampleMail]:
    """Mails that a person wrote and that hold no paper of their own, or hold it in another mail."""
    yield _order()
    yield from _ticket()
    yield _renamed()
    yield _docx()
    yield _html_only()
    yield _project()
    yield _reminder_in_body()
    yield _forwarded()
    yield _forwarded_as_attachment()
    yield _nested()


def _order() -> SampleMail:
    name, received = "en-order", at(5, 14, 30)
    letter = LETTERS[name]
    mail = from_person(
        name, "Ida Imaginary", "ida@invented-bookshop.example", letter.subject, received, text(letter.body)
    )
    return sample(name, "en", received, "Purchase order in the body, no attachment", mail, kind="order")


def _ticket() -> Iterator[SampleMail]:
    """A question, and two replies of the same person in its thread. The desk's own answer is only quoted."""
    name, received = "en-ticket", at(11, 8, 0)
    letter = LETTERS[name]
    root, answer = f"<{name}@invented-bookshop.example>", "<answer-1@postrum.example>"
    mail = from_person(name, *_THEO, letter.subject, received, text(letter.body))
    yield sample(name, "en", received, "A question to the desk, no attachment", mail)

    quoted = "".join(f"> {line}\n" for line in TICKET_ANSWER.splitlines())
    rows = (
        ("en-ticket-reply-1", at(11, 9, 30), answer, f"{root}\r\n {answer}"),
        ("en-ticket-reply-2", at(12, 10, 15), "<en-ticket-reply-1@invented-bookshop.example>",
         f"{root}\r\n {answer}\r\n <en-ticket-reply-1@invented-bookshop.example>"),
    )  # fmt: skip
    for number, (key, moment, parent, references) in enumerate(rows):
        body = f"{TICKET_REPLIES[number]}\nOn Wed, 11 Nov 2026 at 09:02, The help desk wrote:\n{quoted}"
        extra = (("In-Reply-To", parent), ("References", references))
        mail = from_person(key, *_THEO, f"Re: {letter.subject}", moment, text(body), extra=extra)
        yield sample(key, "en", moment, f"Reply {number + 1} in the ticket thread", mail)


def _renamed() -> SampleMail:
    name, received = "en-renamed", at(12, 16, 20)
    letter = LETTERS[name]
    content = with_files(name, attachment("scan.pdf", PDF, RENAMED_TEXT.encode()))
    mail = from_person(name, "Ida Imaginary", "ida@invented-bookshop.example", letter.subject, received, content)
    return sample(name, "en", received, "A text file renamed to .pdf", mail)


def _docx() -> SampleMail:
    name, received = "da-docx", at(10, 12, 12)
    content = with_files(name, attachment("Referat.docx", _DOCX, docx(MINUTES)))
    mail = from_party(name, KANTINE, LETTERS[name].subject, received, content)
    return sample(name, "da", received, "A Word document, no PDF", mail)


def _html_only() -> SampleMail:
    name, received = "da-html", at(12, 7, 7)
    letter = LETTERS[name]
    mail = from_party(name, KANTINE, letter.subject, received, text(letter.body, "html"))
    return sample(name, "da", received, "HTML-only mail", mail)


def _project() -> SampleMail:
    name, received = "nl-project", at(12, 9, 40)
    letter = LETTERS[name]
    mail = from_party(name, MOLEN, letter.subject, received, text(letter.body))
    return sample(name, "nl", received, "No attachment, subject with `project 100-20-3`", mail)


def _reminder_in_body() -> SampleMail:
    name, received = "nl-reminder", at(17, 10, 0)
    letter = LETTERS[name]
    mail = from_party(name, TULP, letter.subject, received, text(letter.body))
    return sample(name, "nl", received, "Payment reminder in the body, no attachment", mail, kind="reminder")


def _forwarded() -> SampleMail:
    name, received = "en-forwarded", at(6, 9, 0)
    file = attachment("QK-2026-0440.pdf", PDF, pdf(papers.EN_FORWARDED_INVOICE))
    content = multipart("mixed", f"=_{name}", text(FORWARDED), file)
    mail = from_person(name, "Sam Invented", "sam@postrum.example", "Fwd: Invoice QK-2026-0440", received, content)
    return sample(name, "en", received, "Forwarded mail with a PDF invoice", mail, folder="imported", kind="invoice")


def _forwarded_as_attachment() -> SampleMail:
    """What Outlook makes of "forward as attachment": the whole mail of the supplier as a part."""
    name, received = "nl-attached", at(13, 8, 8)
    file = attachment("Factuur F26-00419.pdf", PDF, pdf(papers.NL_ATTACHED_INVOICE))
    inner_content = multipart(
        "mixed", f"=_{name}-inner", text("Geachte heer, mevrouw,\n\nBijgaand onze factuur.\n"), file
    )
    inner = from_party(f"{name}-inner", TULP, "Factuur F26-00419", at(12, 15, 0), inner_content)
    content = with_files(name, attached_mail(inner, "Factuur F26-00419.eml"))
    mail = from_person(name, "Saar Denkbeeldig", "saar@postrum.example", LETTERS[name].subject, received, content)
    return sample(
        name,
        "nl",
        received,
        "Mail forwarded as an attachment, its PDF invoice inside",
        mail,
        folder="imported",
        kind="invoice",
    )


def _nested() -> SampleMail:
    """A mail in a mail in a mail; the invoice is in the innermost."""
    name, received = "sv-nested", at(14, 8, 0)
    outer, middle, inner = NESTED
    file = attachment("Faktura FP-2240.pdf", PDF, pdf(papers.SV_NESTED_INVOICE))

    def layer(letter_body: str, level: int, part: Part) -> Part:
        return multipart("mixed", f"=_{name}-{level}", text(letter_body), part)

    innermost = from_party(f"{name}-3", FYR, inner.subject, at(12, 9, 0), layer(inner.body, 3, file))
    second = from_person(
        f"{name}-2", "Nils Uppdiktad", "nils@postrum.example", middle.subject, at(13, 9, 0),
        layer(middle.body, 2, attached_mail(innermost)),
    )  # fmt: skip
    mail = from_person(
        name, "Lovisa Uppdiktad", "lovisa@postrum.example", outer.subject, received,
        layer(outer.body, 1, attached_mail(second)),
    )  # fmt: skip
    return sample(name, "sv", received, "PDF invoice in a mail in a mail", mail, folder="imported", kind="invoice")


def danish_without_charset() -> SampleMail:
    """Windows-1252 bytes with no charset declared anywhere, as old programs send them."""
    name, received = "da-unlabelled", at(13, 9, 0)
    letter = LETTERS[name]
    mail = from_party(name, FJORD, letter.subject, received, text(letter.body, charset="", encoding="8bit"))
    return sample(name, "da", received, "windows-1252 without a label, no attachment", mail)
