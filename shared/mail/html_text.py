"""HTML to the text that a person would read in it, and the parts that it shows."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from shared.mail.quotation import CUT, QUOTE

__all__ = ["html_to_text", "referred_to"]

LONGEST = 2 << 20
DEEPEST = 400
_NESTING = re.compile(
    r"<(/?)(?:div|blockquote|span|b|i|u|font|table|tbody|tr|td|ul|ol|center|section|article|a|em"
    r"|strong|dl|form|fieldset|main|small|big|s|code|pre|nobr|tt|q|sub|sup|header|footer|aside|nav"
    r"|address|dir|menu|details|button|object|label|svg|math|g|template|select|ruby|x-[\w-]+"
    r"|o:p)\b[^<>]{0,4000}>?",
    re.I,
)
_CID = re.compile(r"""cid:([^"'\s<>)]{1,500})""", re.I)
_SOURCE = re.compile(
    r"""(?:src|background|href|data)\s*=\s*(?:"([^"]{1,500})"|'([^']{1,500})'|([^\s>"']{1,500}))""", re.I
)
_STYLE_URL = re.compile(r"""url\(\s*["']?([^"')\s]{1,500})""", re.I)

_SKIP = frozenset(
    {"script", "style", "head", "title", "meta", "link", "template", "noscript", "object", "svg", "select"}
)
_BREAKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset", "figure",
     "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "menu", "nav", "ol", "p",
     "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "caption", "body", "html"}
)  # fmt: skip
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"})
_SPACES = re.compile(r"[ \t\r\n\f]+")


def referred_to(html: str) -> set[str]:
    """What the HTML refers to, in lower case: Content-IDs, and names and locations of other parts."""
    found = {unquote(unescape(cid)).lower() for cid in _CID.findall(html)}
    for one, two, three in _SOURCE.findall(html):
        target = unescape(one or two or three).strip()
        if not target.lower().startswith(("http:", "https:", "mailto:", "data:", "#", "cid:")):
            found.add(unquote(target).lower())
    found |= {unquote(unescape(url)).lower() for url in _STYLE_URL.findall(html) if ":" not in url}
    return found | {cid.partition("@")[0] for cid in found}


def html_to_text(html: str, *, marked: bool = False) -> str:
    """The text of an HTML body: lines where a reader sees lines, link targets left out, hidden parts too.

    `marked` puts the marks of `quotation` before quoted lines, and where mail programs begin the quoted message.
    """
    tree = LexborHTMLParser(_shallow(html[:LONGEST]))
    root = tree.body or tree.root
    if root is None:
        return ""
    return _Writer(marked=marked).run(root)


def _shallow(html: str) -> str:
    """The HTML without the elements that lie too deep: the parser's time grows with the square of the depth."""
    if html.count("<") < DEEPEST:
        return html
    depth = 0

    def tag(found: re.Match[str]) -> str:
        nonlocal depth
        if found[1]:
            if depth > DEEPEST:
                depth -= 1
                return " "
            depth = max(0, depth - 1)
            return found[0]
        depth += 1
        return " " if depth > DEEPEST else found[0]

    return _NESTING.sub(tag, html)


_CUT_IDS = frozenset(
    {
        "divrplyfwdmsg",
        "appendonsend",
        "stopspelling",
        "mail-editor-reference-message-container",
        "isforwardcontent",
        "reply-intro",
        "ms-outlook-mobile-reference-message",
        "ymail_android_signature_quote",
        "orimsghtmlseperator",
        "zwchr",
    }
)
_CUT_CLASSES = frozenset(
    {
        "outlookmessageheader",
        "yahoo_quoted",
        "protonmail_quote",
        "tutanota_quote",
        "zmail_extra",
        "ms-outlook-mobile-reference-message",
        "yahoo-quoted-begin",
        "mail_quote",
        "gmail_quote_attribution",
    }
)
_OUTLOOK_RULE = re.compile(
    r"border:\s*none;\s*border-top:\s*solid #(?:b5c4df|e1e1e1) 1\.0pt|border-top:\s*(?:1pt|1\.0pt"
    r"|1px)? ?solid #(?:b5c4df|e1e1e1)",
    re.I,
)


def _is_quote(node: LexborNode) -> bool:
    """Whether a blockquote quotes a mail, and is not just an indented paragraph."""
    attributes = node.attributes
    if (attributes.get("type") or "").lower() == "cite" or attributes.get("cite"):
        return True
    style = (attributes.get("style") or "").lower()
    classes = (attributes.get("class") or "").lower()
    return (
        "border-left" in style
        or ("gmail_quote" in classes and bool(style))
        or ("quote" in classes and "gmail" not in classes)
    )


class _Writer:
    """Walks the tree without recursion."""

    def __init__(self, *, marked: bool) -> None:
        self.marked = marked
        self.quotes = 0
        self.lines: list[str] = []
        self.line: list[str] = []
        self.preformatted = 0
        self.gap = False  # an empty line is due

    def run(self, root: LexborNode) -> str:
        node: LexborNode | None = root
        while node is not None:
            descend = self._enter(node)
            child = node.child if descend else None
            if child is not None:
                node = child
                continue
            while node is not None:
                self._leave(node)
                if node.mem_id == root.mem_id:
                    node = None
                    break
                if node.next is not None:
                    node = node.next
                    break
                node = node.parent
        self._break()
        return "\n".join(self.lines).strip("\n")

    def _enter(self, node: LexborNode) -> bool:
        tag = node.tag
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        if tag is None or tag in _SKIP or tag in ("-comment", "!doctype", "_comment"):
            return False
        if tag == "br":
            self._break(always=True)
            return False
        if tag == "img":
            alternative = node.attributes.get("alt")
            if alternative:
                self._text(alternative)
            return False
        if self.marked:
            self._mark(node, tag)
        if tag in _BREAKS:
            self._break()
            self.gap = self.gap or tag in _SPACED
            if tag == "blockquote" and self.marked and _is_quote(node):
                self.quotes += 1
            if tag == "li":
                self._text("- " if (node.parent and node.parent.tag) != "ol" else "* ")
            elif tag == "hr":
                self.lines.append("-" * 8)
            elif tag == "pre":
                self.preformatted += 1
        elif tag in ("td", "th") and self.line:
            self.line.append(" ")
        return True

    def _mark(self, node: LexborNode, tag: str) -> None:
        """Note where a mail program says that the quoted message begins."""
        attributes = node.attributes
        if not attributes:
            return
        name = (attributes.get("id") or "").lower().removeprefix("x_")
        classes = set((attributes.get("class") or "").lower().replace("x_", "").split())
        if (
            name in _CUT_IDS
            or classes & _CUT_CLASSES
            or (tag == "div" and _OUTLOOK_RULE.search(attributes.get("style") or ""))
        ):
            self._break()
            if not self.lines or self.lines[-1] != CUT:
                self.lines.append(CUT)

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag
        if tag in _BREAKS:
            self._break()
            if tag == "blockquote" and self.quotes and _is_quote(node):
                self.quotes -= 1
            self.gap = self.gap or tag in _SPACED
            if tag == "pre":
                self.preformatted -= 1

    def _text(self, text: str) -> None:
        if self.preformatted:
            first, *others = text.replace("\r\n", "\n").split("\n")
            if first:
                self.line.append(first)
            for other in others:
                self._break(always=True)
                if other:
                    self.line.append(other)
            return
        text = _SPACES.sub(" ", text)
        if text.startswith(" ") and (not self.line or self.line[-1].endswith((" ", "\u00a0"))):
            text = text[1:]
        if text:
            self.line.append(text)

    def _break(self, *, always: bool = False) -> None:
        text = "".join(self.line).replace("\u00a0", " ").rstrip()
        self.line = []
        if not text and not always:
            return
        mark = QUOTE if self.quotes else ""
        if self.gap and self.lines and self.lines[-1].strip(QUOTE):
            self.lines.append(mark)
        self.gap = False
        self.lines.append(mark + text)
