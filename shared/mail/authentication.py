"""Who vouches for the sender: Authentication-Results (RFC 8601), from the trusted boundary alone.

Anybody can write such a field into a mail. Believed is the topmost one that bears the name of our own boundary, which by
RFC 8601 section 5 removes what others wrote in its name; fields further down add nothing that it already answered.
Exchange Online writes its results without a name: believed, topmost again, only where the caller says that the mail
was fetched from Exchange. Nothing is verified here: that needs DNS and the original bytes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from shared.mail.headers import Headers
from shared.model.mail import Authentication, Person

__all__ = ["authentication_of", "organisation"]

EXCHANGE = "exchange"
_METHODS = ("spf", "dkim", "dmarc", "arc", "compauth")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[();]|[^"\\();]+|.', re.S)
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)(?:\s*/\s*\d+)?\s*=\s*([a-z0-9_-]+)", re.I)
_PROPERTY = re.compile(r"\b([a-z]+)\.([a-z]+)\s*=\s*([^\s;]+)", re.I)
_IDENTITY = re.compile(r"\s*([^\s;=]+)(?:\s+\d+)?\s*$")


@dataclass(slots=True)
class _Field:
    """One Authentication-Results field."""

    authserv_id: str | None
    results: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


def authentication_of(headers: Headers, senders: Sequence[Person], trust: AbstractSet[str]) -> Authentication:
    """What the trusted boundary says."""
    chosen = _trusted(headers, trust) if trust else []
    if not chosen:
        return Authentication()
    domains = {person.address.rpartition("@")[2].lower().rstrip(".") for person in senders}
    author = domains.pop() if len(domains) == 1 else ""
    results: dict[str, str] = {}
    aligned_dkim = False
    for one in chosen:
        answered = set(results)
        for method, result, properties in one.results:
            if method not in _METHODS or method in answered:
                continue
            if method == "dkim":
                good = result == "pass" and bool(author) and _is_aligned(_signer(properties), author)
                if (
                    good
                    or results.get("dkim") is None
                    or (result == "pass" and not aligned_dkim and results["dkim"] != "pass")
                ):
                    results["dkim"] = result
                aligned_dkim = aligned_dkim or good
            else:
                results.setdefault(method, result)
    dmarc = results.get("dmarc")
    return Authentication(
        trusted=True,
        authserv_id=chosen[0].authserv_id,
        spf=results.get("spf"),
        dkim=results.get("dkim"),
        dmarc=dmarc,
        arc=results.get("arc"),
        compauth=results.get("compauth"),
        aligned=bool(author)
        and (dmarc in ("pass", "bestguesspass") or (dmarc not in ("fail", "permerror") and aligned_dkim)),
    )


def _trusted(headers: Headers, trust: AbstractSet[str]) -> list[_Field]:
    """The topmost believed field, and those of the same boundary directly beneath it."""
    chosen: list[_Field] = []
    for name, raw in headers.fields:
        key = name.lower()
        if chosen and key == "received":
            break
        if key != "authentication-results":
            continue
        one = _parse(raw[:20_000].decode("latin-1"))
        if chosen:
            if one.authserv_id == chosen[0].authserv_id and len({m for m, *_ in chosen[0].results}) < 2:
                chosen.append(one)
            continue
        believed = one.authserv_id in trust if one.authserv_id else EXCHANGE in trust and bool(one.results)
        if believed:
            chosen.append(one)
    return chosen


def _parse(text: str) -> _Field:
    """Take a field apart; comments, also nested ones, say nothing."""
    sections, depth, current = [], 0, []
    for piece in _TOKEN.findall(text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
            current.append(" ")
        elif depth:
            continue
        elif piece == ";":
            sections.append("".join(current))
            current = []
        else:
            current.append(piece if not piece.startswith('"') else piece.replace("=", "").replace(".", ""))
    sections.append("".join(current))
    identity = _IDENTITY.match(sections[0])
    if identity:
        one, rest = _Field(identity[1].lower()), sections[1:]
    else:
        one, rest = _Field(None), sections
    for section in rest[:200]:
        if found := _RESULT.match(section):
            properties = {f"{p[1]}.{p[2]}".lower(): p[3].lower() for p in _PROPERTY.finditer(section, found.end())}
            one.results.append((found[1].lower(), found[2].lower(), properties))
    return one


def _signer(properties: dict[str, str]) -> str:
    """The signing domain of a DKIM result."""
    given = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
    return given.rstrip(".")


def _is_aligned(signer: str, author: str) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1): both belong to one organisational domain."""
    if not signer:
        return False
    if signer == author:
        return True
    if (
        not (author.endswith("." + signer) or signer.endswith("." + author))
        and signer.count(".") + author.count(".") < 2
    ):
        return False
    return organisation(signer) == organisation(author) != ""


@functools.lru_cache(1024)
def organisation(domain: str) -> str:
    """The domain that an organisation registered: `mx.example.co.uk` gives `example.co.uk`; empty for a public suffix."""
    return str(_suffixes().privatesuffix(domain) or "")


@functools.cache
def _suffixes():  # type: ignore[no-untyped-def]
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
