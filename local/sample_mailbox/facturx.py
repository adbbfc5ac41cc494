"""Factur-X (ZUGFeRD 2): a PDF that a person reads, with the same invoice as CII XML inside.

Embedded the way the standard asks: in the name tree, as an associated file (/AF) of the document with its relationship,
and announced in the XMP metadata. Fonts are embedded, a colour profile is not: a strict PDF/A validator would object.
"""

from __future__ import annotations

import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from local.sample_mailbox.cii import EN16931, cii
from local.sample_mailbox.labels import TITLES
from local.sample_mailbox.model import Paper
from local.sample_mailbox.pdf import pdf

NAME = "factur-x.xml"

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>
<rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description>
<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>{name}</fx:DocumentFileName>
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def facturx(paper: Paper) -> bytes:
    """The paper as Factur-X in the profile EN 16931."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(paper, embed_fonts=True))))
    xml = cii(paper, EN16931)

    stream = DecodedStreamObject()
    stream.set_data(xml)
    stamp = TextStringObject(f"D:{paper.issued:%Y%m%d}080000+00'00'")
    stream.update(
        {
            NameObject("/Type"): NameObject("/EmbeddedFile"),
            NameObject("/Subtype"): NameObject("/text/xml"),
            NameObject("/Params"): DictionaryObject(
                {NameObject("/Size"): NumberObject(len(xml)), NameObject("/ModDate"): stamp}
            ),
        }
    )
    embedded = writer._add_object(stream)
    specification = writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Filespec"),
                NameObject("/F"): TextStringObject(NAME),
                NameObject("/UF"): TextStringObject(NAME),
                NameObject("/Desc"): TextStringObject("Factur-X invoice"),
                NameObject("/AFRelationship"): NameObject("/Alternative"),  # the XML says the same as the page
                NameObject("/EF"): DictionaryObject({NameObject("/F"): embedded, NameObject("/UF"): embedded}),
            }
        )
    )
    metadata = DecodedStreamObject()
    title = f"{TITLES[paper.language][paper.kind]} {paper.number}"
    metadata.set_data(_XMP.format(title=title, name=NAME).encode())
    metadata.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})

    root = writer.root_object
    names = DictionaryObject({NameObject("/Names"): ArrayObject([TextStringObject(NAME), specification])})
    root[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): names})
    root[NameObject("/AF")] = ArrayObject([specification])
    root[NameObject("/Metadata")] = writer._add_object(metadata)
    writer.pdf_header = "%PDF-1.7"

    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
