"""Papers as PDF: what an invoice program would print, by reportlab, with the same bytes at every run."""

from __future__ import annotations

import io

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from local.sample_mailbox.labels import TITLES, WORDS, day, money
from local.sample_mailbox.model import Paper

_LEFT, _RIGHT, _TOP = 56.0, A4[0] - 56.0, A4[1] - 60.0
_COLUMNS = (_LEFT, 350.0, 430.0, _RIGHT)


def pdf(paper: Paper, *, embed_fonts: bool = False) -> bytes:
    """The paper as a one-page PDF. `embed_fonts` for PDF/A, which allows no font to be left out."""
    buffer = io.BytesIO()
    # invariant: no clock, no random ID; no compression: the bytes do not depend on the version of zlib
    canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=0)
    canvas.setTitle(f"{TITLES[paper.language][paper.kind]} {paper.number}")
    canvas.setAuthor(paper.seller.name)
    _draw(canvas, paper, *_fonts(embed_fonts))
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _fonts(embed: bool) -> tuple[str, str]:
    """The names of the plain and the bold font."""
    if not embed:
        return "Helvetica", "Helvetica-Bold"
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))  # comes with reportlab, free to embed
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    return "Vera", "VeraBd"


def _draw(canvas: Canvas, paper: Paper, plain: str, bold: str) -> None:
    words = WORDS[paper.language]
    canvas.setFillGray(0.92)
    canvas.rect(0, A4[1] - 36, A4[0], 36, stroke=0, fill=1)
    canvas.setFillGray(0)

    y = _TOP
    canvas.setFont(bold, 13)
    canvas.drawString(_LEFT, y, paper.seller.name)
    canvas.setFont(plain, 9)
    seller = paper.seller
    for text in (
        seller.street,
        f"{seller.postcode} {seller.city}, {seller.country}",
        f"{words['tax_id']} {seller.tax_id}",
        seller.email,
    ):
        y -= 13
        canvas.drawString(_LEFT, y, text)

    y -= 34
    canvas.setFont(bold, 20)
    canvas.drawString(_LEFT, y, TITLES[paper.language][paper.kind])
    y = _facts(canvas, paper, y - 24, plain, bold)
    y = _table(canvas, paper, y - 24, plain, bold)
    _totals(canvas, paper, y - 12, plain, bold)

    canvas.setFont(plain, 8)
    footer = f"{seller.name} · {words['account']}: {seller.account}"
    canvas.drawCentredString(A4[0] / 2, 40, footer)


def _facts(canvas: Canvas, paper: Paper, y: float, plain: str, bold: str) -> float:
    """Number, dates, references, and whom it is for."""
    words, language, buyer = WORDS[paper.language], paper.language, paper.buyer
    facts = [(words["number"], paper.number), (words["date"], day(paper.issued, language))]
    if paper.due:
        facts.append((words["due"], day(paper.due, language)))
    if paper.order:
        facts.append((words["order"], paper.order))
    if paper.refers_to:
        facts.append((words["refers"], paper.refers_to))
    facts.append((words["to"], f"{buyer.name}, {buyer.street}, {buyer.postcode} {buyer.city}, {buyer.country}"))
    for name, value in facts:
        canvas.setFont(bold, 9)
        canvas.drawString(_LEFT, y, f"{name}:")
        canvas.setFont(plain, 9)
        canvas.drawString(_LEFT + 110, y, value)
        y -= 14
    return y


def _table(canvas: Canvas, paper: Paper, y: float, plain: str, bold: str) -> float:
    """The lines."""
    words, language = WORDS[paper.language], paper.language
    rows = [(words["text"], words["quantity"], words["price"], words["amount"])]
    rows += [
        (line.text, str(line.quantity), money(line.amount / line.quantity, language), money(line.amount, language))
        for line in paper.lines
    ]
    for number, row in enumerate(rows):
        canvas.setFont(plain if number else bold, 9)
        canvas.drawString(_COLUMNS[0], y, row[0])
        for x, cell in zip(_COLUMNS[1:], row[1:], strict=True):
            canvas.drawRightString(x, y, cell)
        canvas.line(_LEFT, y - 4, _RIGHT, y - 4)
        y -= 17
    return y


def _totals(canvas: Canvas, paper: Paper, y: float, plain: str, bold: str) -> None:
    words, language = WORDS[paper.language], paper.language
    rows = [(plain, f"{words['net']}", paper.net), (plain, f"{words['vat']} {paper.rate} %", paper.vat)]
    rows.append((bold, f"{words['total']} {paper.currency}", paper.total))
    for font, name, amount in rows:
        canvas.setFont(font, 10)
        canvas.drawString(_COLUMNS[1] - 60, y, name)
        canvas.drawRightString(_RIGHT, y, money(amount, language))
        y -= 16
