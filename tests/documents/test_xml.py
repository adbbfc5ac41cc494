"""XML from strangers is read without DTD, entities, network or large memory."""

from __future__ import annotations

import pytest
from lxml import etree

from local.sample_mailbox import papers
from local.sample_mailbox.ubl import ubl
from shared.documents import limits
from shared.documents.read import read_document
from shared.documents.xml import XmlRefused, parse
from tests.documents.material import BILLION_LAUGHS, XXE


@pytest.mark.fault("D04")
@pytest.mark.parametrize(
    "data",
    [
        XXE,
        BILLION_LAUGHS,
        XXE.decode().replace('version="1.0"', 'version="1.0" encoding="utf-16"').encode("utf-16"),
        XXE.replace(b'version="1.0"', b'version="1.0" encoding="windows-1252"'),
        XXE.replace(b'version="1.0"', b'version="1.0" encoding="euc-jp"'),
        b"\n\n<!-- first a comment -->" + XXE.partition(b"?>")[2],
        b'<!DOCTYPE a PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    ],
    ids=["xxe", "laughs", "utf-16", "windows-1252", "euc-jp", "comment first", "external", "attlist"],
)
def test_dtd_is_refused(data: bytes) -> None:
    with pytest.raises(XmlRefused, match="DTD not allowed") as refused:
        parse(data)
    assert refused.value.code == "dtd_not_allowed"


@pytest.mark.fault("D04")
def test_refused_document_shows_nothing_of_the_entity() -> None:
    reading = read_document(XXE)
    assert reading.einvoice is None
    assert reading.kind is None
    assert [(warning.code, warning.detail) for warning in reading.warnings] == [("dtd_not_allowed", "DTD not allowed")]


@pytest.mark.parametrize("data", [b"<a><b></a>", b"<a>&nbsp;</a>", b"<", b"<?xml version='1.0'?>", b"<a" * 50_000])
def test_malformed_is_a_warning(data: bytes) -> None:
    with pytest.raises(XmlRefused) as refused:
        parse(data)
    assert refused.value.code == "xml_malformed"


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(XmlRefused):
        parse(b"<a>" * 100_000 + b"</a>" * 100_000)


def test_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "XML_BYTES", 1000)
    with pytest.raises(XmlRefused) as refused:
        parse(b"<a>" + b"b" * 1000 + b"</a>")
    assert refused.value.code == "xml_too_large"
    assert read_document(b"<a>" + b"b" * 1000 + b"</a>").unread == "too_large"


def test_attached_file_of_12_mb_inside_an_invoice_does_not_stop_it() -> None:
    # lxml refuses text of more than 10 MB; invoices carry scans of their appendices
    attached = b"<cbc:EmbeddedDocumentBinaryObject>" + b"QUJD" * 3_000_000 + b"</cbc:EmbeddedDocumentBinaryObject>"
    data = ubl(papers.EN_UBL_INVOICE).replace(b"<cbc:CustomizationID>", attached + b"<cbc:CustomizationID>", 1)
    invoice = read_document(data).einvoice
    assert invoice is not None
    assert invoice.number == "QK-2026-0431"


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\r\n", b" \n"])
def test_what_programs_put_before_the_declaration(before: bytes) -> None:
    assert isinstance(parse(before + ubl(papers.EN_UBL_INVOICE)), etree._Element)


def test_other_encodings() -> None:
    data = ubl(papers.DA_UBL_CREDIT_NOTE).decode()
    for encoding in ("iso-8859-1", "utf-16"):
        reading = read_document(data.replace("UTF-8", encoding, 1).encode(encoding))
        assert reading.einvoice is not None
        assert reading.einvoice.buyer.name == "Postrum Demo Company"
