"""The sample mailbox is the same at every run, and each file in it is what it claims to be."""

from __future__ import annotations

import email
import email.message
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from pypdf import PdfReader

from local.sample_mailbox import Manifest, sample_mails, write_sample_mailbox
from local.sample_mailbox import papers as papers_module
from local.sample_mailbox.facturx import facturx
from local.sample_mailbox.labels import money
from local.sample_mailbox.model import Paper
from local.sample_mailbox.pdf import pdf
from local.sample_mailbox.ubl import ubl

PAPERS = [value for value in vars(papers_module).values() if isinstance(value, Paper)]
BIG = "de-30-megabytes"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    directory = tmp_path_factory.mktemp("mailbox")
    return directory, write_sample_mailbox(directory)


def read(written: tuple[Path, Manifest], name: str) -> email.message.Message:
    directory, manifest = written
    (entry,) = (entry for entry in manifest.mails if entry.file.endswith(f"-{name}.eml"))
    return email.message_from_bytes((directory / entry.file).read_bytes())


def leaves(written: tuple[Path, Manifest], wanted: bytes) -> Iterator[tuple[str, bytes]]:
    directory, manifest = written
    for entry in manifest.mails:
        if BIG in entry.file:
            continue
        for part in email.message_from_bytes((directory / entry.file).read_bytes()).walk():
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and data.startswith(wanted):
                yield entry.file, data


def test_about_forty_mails_in_five_languages(written: tuple[Path, Manifest]) -> None:
    _, manifest = written
    assert 40 <= len(manifest.mails) <= 50
    assert {entry.language for entry in manifest.mails} == {"en", "da", "nl", "de", "sv"}
    assert {entry.expected.folder for entry in manifest.mails} == {"imported", "other"}


def test_same_bytes_at_every_run() -> None:
    def digest() -> str:
        state = hashlib.sha256()
        for mail in sample_mails():
            for chunk in mail.content:
                state.update(chunk)
        return state.hexdigest()

    assert digest() == digest()


def test_manifest_names_every_file(written: tuple[Path, Manifest]) -> None:
    directory, manifest = written
    on_disk = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    assert on_disk["mailbox"].endswith(".example")
    assert [mail["file"] for mail in on_disk["mails"]] == [entry.file for entry in manifest.mails]
    assert {path.name for path in directory.glob("*.eml")} == {entry.file for entry in manifest.mails}
    assert on_disk["mails"][0]["received"].endswith("Z")
    received = [entry.received for entry in manifest.mails]
    assert received == sorted(received)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.number)
def test_paper_adds_up_and_its_pdf_shows_the_total(paper: Paper) -> None:
    assert paper.net + paper.vat == paper.total
    (page,) = PdfReader(io.BytesIO(pdf(paper)), strict=True).pages
    shown = page.extract_text()
    assert money(paper.total, paper.language) in shown
    assert paper.number in shown
    assert paper.seller.name in shown


def test_every_pdf_in_the_mailbox_opens(written: tuple[Path, Manifest]) -> None:
    opened = [(file, len(PdfReader(io.BytesIO(data), strict=True).pages)) for file, data in leaves(written, b"%PDF-")]
    assert len(opened) >= 25
    assert {pages for _, pages in opened} == {1}


def test_every_xml_in_the_mailbox_is_well_formed(written: tuple[Path, Manifest]) -> None:
    roots = [etree.QName(etree.fromstring(data)).localname for _, data in leaves(written, b"<?xml")]
    assert sorted(roots) == ["CreditNote", "CrossIndustryInvoice", "Invoice", "Invoice"]


def test_ubl_totals_agree() -> None:
    paper = papers_module.EN_UBL_INVOICE
    root = etree.fromstring(ubl(paper))
    names = {"cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
    assert root.findtext(".//cbc:PayableAmount", namespaces=names) == str(paper.total)
    assert root.findtext(".//cbc:TaxAmount", namespaces=names) == str(paper.vat)


def test_facturx_holds_its_xml_as_an_associated_file() -> None:
    paper = papers_module.DE_FACTURX
    reader = PdfReader(io.BytesIO(facturx(paper)), strict=True)
    (file,) = reader.attachment_list
    assert file.name == "factur-x.xml"
    assert file.associated_file_relationship == "/Alternative"
    assert etree.QName(etree.fromstring(file.content)).localname == "CrossIndustryInvoice"
    root = reader.trailer["/Root"].get_object()
    assert len(root["/AF"]) == 1  # type: ignore[index]
    metadata = root["/Metadata"].get_object().get_data()  # type: ignore[index]
    assert b"<fx:ConformanceLevel>EN 16931<" in metadata
    assert b"<fx:DocumentFileName>factur-x.xml<" in metadata


def test_duplicate_is_the_same_mail(written: tuple[Path, Manifest]) -> None:
    directory, manifest = written
    (again,) = (entry for entry in manifest.mails if entry.duplicate_of)
    assert again.duplicate_of is not None
    assert (directory / again.file).read_bytes() == (directory / again.duplicate_of).read_bytes()


def test_thirty_megabytes_are_a_valid_pdf(written: tuple[Path, Manifest]) -> None:
    directory, manifest = written
    (entry,) = (entry for entry in manifest.mails if BIG in entry.file)
    assert 29e6 < (directory / entry.file).stat().st_size < 33e6
    data = read(written, BIG).get_payload()[1].get_payload(decode=True)  # type: ignore[index, union-attr]
    assert isinstance(data, bytes)
    assert "1.011,50" in PdfReader(io.BytesIO(data), strict=True).pages[0].extract_text()


def test_odd_mails_are_odd(written: tuple[Path, Manifest]) -> None:
    directory, manifest = written
    raw = {entry.file.partition("-")[2]: (directory / entry.file) for entry in manifest.mails}
    assert raw["en-iso-2022-jp.eml"].read_bytes().count(b"\x1b$B") > 2
    assert "på måndag" in read(written, "sv-utf7").get_payload(decode=True).decode("utf-7")  # type: ignore[union-attr]
    assert "mellem jul og nytår".encode("cp1252") in raw["da-unlabelled.eml"].read_bytes()
    malformed = raw["de-malformed.eml"].read_bytes()
    assert b"\0" in malformed
    assert b"--=_de-malformed--" not in malformed
    assert b"invoice@postrum.example" not in raw["sv-bcc.eml"].read_bytes()
    assert "dmarc=fail" in str(read(written, "en-spoofed")["Authentication-Results"])
    assert read(written, "en-read-receipt")["Disposition-Notification-To"]
    assert str(read(written, "nl-relation")["Subject"]).endswith("relatienr 000123")
    assert str(read(written, "nl-project")["Subject"]).endswith("project 100-20-3")


def test_no_address_outside_the_reserved_domains(written: tuple[Path, Manifest]) -> None:
    directory, manifest = written
    for entry in manifest.mails:
        for part in email.message_from_bytes((directory / entry.file).read_bytes()[:200_000]).walk():
            for field in ("From", "To", "Reply-To", "Message-ID", "Disposition-Notification-To"):
                for value in part.get_all(field, []):
                    assert str(value).rstrip('>" ').endswith(".example"), (entry.file, field, value)
