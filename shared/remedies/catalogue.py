"""All entries together, and how one is told to a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from shared.language.texts import gettext_noop as _
from shared.language.texts import texts
from shared.remedies import entra, google, graph, imap, network, product, smtp, tls
from shared.remedies.model import OWNERS, PLACEHOLDERS, Kind, Owner, Reach, Remedy, Told

LONGEST_VALUE = 320
"""Characters of a value that are shown, as many as a mail address may have."""

_UNKNOWN = Remedy(
    code="unknown",
    kind=Kind.SERVICE,
    reach=Reach.MAILBOX,
    owner=Owner.DEPLOYMENT,
    cause=_("Something failed that this catalogue does not know[: {code}]."),
    next_step=_("Look at the technical part and at the log. Report it if it comes back."),
)
_FAMILIES = (entra, graph, google, imap, smtp, tls, network, product)

REMEDIES: dict[str, Remedy] = {
    entry.code: entry for entry in (*(entry for family in _FAMILIES for entry in family.REMEDIES), _UNKNOWN)
}
"""Every entry by its code."""
ALIASES: dict[str, str] = {alias: code for family in _FAMILIES for alias, code in family.ALIASES.items()}
"""Codes that share the entry of another one."""

_PART = re.compile(r"\[([^\[\]]*)\]")
_VALUE = re.compile(r"\{([a-z_]+)\}")
_ENTRA_NUMBER = re.compile(r"entra_(\d{4,9})\Z", re.ASCII)


def known(code: str) -> bool:
    """Whether the catalogue has an entry for this very code."""
    return code in REMEDIES or code in ALIASES


def remedy(code: str) -> Remedy:
    """The entry for a code; a general one for a code that is not known."""
    found = REMEDIES.get(ALIASES.get(code, code))
    if found is not None:
        return found
    return REMEDIES["entra_other"] if _ENTRA_NUMBER.match(code) else _UNKNOWN


def told(code: str, language: str, /, **values: object) -> Told:
    """The entry for a code, in a language.

    Args:
        code: of the catalogue; `PostrumError.cause`, or its `code` where that is empty.
        language: one of `shared.language.LANGUAGES`; English for any other.
        values: what the texts may name, see `PLACEHOLDERS`. Those that are missing, None or empty leave out their part of the
            text. Control characters are dropped and long values cut; who puts the text into a page escapes it there.
    """
    entry = remedy(code)
    speak = texts(language)
    number = _ENTRA_NUMBER.match(code)
    shown = {"code": number.group(1) if number else code if entry is _UNKNOWN else None} | values
    clean = {name: text for name, value in shown.items() if name in PLACEHOLDERS and (text := _clean(value))}
    return Told(
        code=_clean(code) or entry.code,
        severity=entry.severity,
        kind=entry.kind,
        reach=entry.reach,
        owner=entry.owner,
        owner_name=speak.gettext(OWNERS[entry.owner]),
        cause=_fill(speak.gettext(entry.cause), clean),
        next_step=_fill(speak.gettext(entry.next_step), clean),
        link=_link(entry.link, clean),
    )


def _link(link: str, values: Mapping[str, str]) -> str:
    """The link with its values, percent-encoded; empty where one that it cannot do without is not known."""
    if any(name not in values for name in _VALUE.findall(_PART.sub("", link))):
        return ""
    return _fill(link, {name: quote(value, safe="") for name, value in values.items()})


def _fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its values. A part in brackets whose values are not all known is left out, and so is a value elsewhere."""

    def part(found: re.Match[str]) -> str:
        inside = found.group(1)
        return inside if all(name in values for name in _VALUE.findall(inside)) else ""

    return _VALUE.sub(lambda found: values.get(found.group(1), ""), _PART.sub(part, text))


def _clean(value: object) -> str:
    """A value as it may stand in a sentence: one line of printable characters, not too long; empty for None."""
    if value is None:
        return ""
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(filter(None, (_clean(one) for one in list(value)[:50])))
    text = "".join(character for character in str(value)[: LONGEST_VALUE * 2] if character.isprintable()).strip()
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
