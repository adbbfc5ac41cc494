"""XML from strangers: no DTD at all, no entities, no network, no huge trees; and finding elements by their local names.

UBL, CII and FatturaPA need no DTD, so a document with one is refused before a parser looks at its entities.
Finding goes by local names because the same element appears under several namespaces (versions of a standard, and
documents that get a namespace wrong).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

from lxml import etree

from shared.documents import limits

__all__ = ["Element", "XmlRefused", "attribute", "child", "children", "local", "namespace", "parse", "text"]

type Element = etree._Element

#: Base64 inside an element: an attached PDF. Its content is not needed, and lxml refuses text of more than 10 MB.
_BASE64 = re.compile(rb">[A-Za-z0-9+/=\s]{65536,}<")
_SPACE = re.compile(r"\s+")


class XmlRefused(ValueError):
    """The XML is not read; `code` is the warning's, the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _PrologOver(Exception):
    """The root element begins; no DTD can come any more."""


def parse(data: bytes) -> Element:
    """The root element.

    Raises:
        XmlRefused: too large, with a DTD, or not well-formed.
    """
    if len(data) > limits.XML_BYTES:
        raise XmlRefused("xml_too_large", f"XML of {len(data)} bytes is not read")
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\0")  # programs put empty lines before the declaration
    _refuse_dtd(data)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_BASE64.sub(b"><", data), parser)
    except etree.XMLSyntaxError as error:
        raise XmlRefused("xml_malformed", f"not well-formed XML: {str(error)[:200]}") from error
    if root is None:
        raise XmlRefused("xml_malformed", "no XML element")
    docinfo = root.getroottree().docinfo
    # a second look, for encodings that expat does not know
    if docinfo.doctype or docinfo.internalDTD is not None:
        raise _dtd()
    return root


def _dtd() -> XmlRefused:
    return XmlRefused("dtd_not_allowed", "DTD not allowed")


def _refuse_dtd(data: bytes) -> None:
    """Refuse at the first sign of a DTD, before any entity of it is declared."""

    def doctype(*_: object) -> None:
        raise _dtd()

    def element(*_: object) -> None:
        raise _PrologOver

    scanner = expat.ParserCreate()
    scanner.StartDoctypeDeclHandler = doctype
    scanner.StartElementHandler = element
    try:
        scanner.Parse(data[: 1 << 20], False)
    except XmlRefused:
        raise
    except (_PrologOver, expat.ExpatError, LookupError, ValueError):
        return  # what is wrong with it, lxml says better; nor does expat know every encoding


def local(element: Element) -> str:
    """Name of the element without its namespace."""
    return etree.QName(element).localname


def namespace(element: Element) -> str:
    """Namespace of the element, or nothing."""
    return etree.QName(element).namespace or ""


def children(element: Element | None, *path: str) -> Iterator[Element]:
    """Every element at the end of the path of local names; `A|B` where either name will do."""
    if element is None:
        return
    if not path:
        yield element
        return
    names = path[0].split("|")
    for candidate in element.iterchildren(tag=etree.Element):
        if local(candidate) in names:
            yield from children(candidate, *path[1:])


def child(element: Element | None, *path: str) -> Element | None:
    """The first element at the end of the path, or None."""
    return next(children(element, *path), None)


def text(element: Element | None, *path: str) -> str | None:
    """The first text at the end of the path that is not empty, white space squeezed, or None."""
    for found in children(element, *path):
        if value := _SPACE.sub(" ", "".join(found.itertext())).strip():
            return value
    return None


def attribute(element: Element | None, name: str) -> str | None:
    """An attribute, or None where there is none or it is empty."""
    value = None if element is None else element.get(name)
    return (value.strip() or None) if isinstance(value, str) else None
