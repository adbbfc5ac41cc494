"""Text with `format=flowed` (RFC 3676): lines that the sender's program broke are joined again."""

from __future__ import annotations

import re

__all__ = ["unflow"]

_QUOTE = re.compile(r">*")
SIGNATURE = "-- "
LONGEST = 100_000
"""A paragraph that is longer than this is no paragraph; it goes on in a line of its own."""


def unflow(text: str, *, delsp: bool = False) -> str:
    """Join flowed lines (section 4.1) of a text with LF line ends; `delsp`: the blank at the break is not part of it.

    Lines join only with lines of the same depth of quotation (section 4.5), and never with a signature's rule.
    """
    lines: list[str] = []
    paragraph: list[str] = []
    depth, length = 0, 0

    def finish() -> None:
        nonlocal length
        if paragraph:
            content = "".join(paragraph)
            lines.append(">" * depth + (" " if depth and content else "") + content)
        paragraph.clear()
        length = 0

    for line in text.split("\n"):
        found = _QUOTE.match(line)
        quoted = found.end() if found else 0
        content = line[quoted:].removeprefix(" ")  # the blank that keeps `From `, `>` and blanks apart (section 4.4)
        if quoted != depth or content == SIGNATURE or length > LONGEST:
            finish()
        depth = quoted
        flows = content.endswith(" ") and content != SIGNATURE
        paragraph.append(content[:-1] if flows and delsp else content)
        length += len(content)
        if not flows:
            finish()
    finish()
    return "\n".join(lines)
