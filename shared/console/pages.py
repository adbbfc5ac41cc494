"""Pages: templates filled with what people see.

Everything is escaped; what a sender wrote is also cut, and freed of control characters.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.classify.explain import explain
from shared.classify.text import shown
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import ENDS, Run
from shared.pipeline.status import MESSAGES_LIMIT, Status

_HERE = Path(__file__).parent / "templates"
_SUBJECT = 160
_NAME = 120
_UNITS = ("bytes", "KiB", "MiB", "GiB")


class Links:
    """Addresses within the console. The function key of the request goes along: without it no page opens."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, path: str, **parameters: str) -> str:
        """An address on this server."""
        query = urlencode(parameters | ({"code": self._key} if self._key else {}))
        return quote(path) + (f"?{query}" if query else "")


def status_page(status: Status, links: Links, nonce: str, outbound: tuple[str, ...] = ()) -> str:
    """What is going on. `outbound` are the addresses that this deployment calls from, where it fixes them."""
    year, month = (int(part) for part in status.month.split("-"))
    return _render(
        "status.html",
        links,
        nonce,
        status=status,
        month=datetime(year, month, 1),  # noqa: DTZ001 - a month, no moment
        earlier=_shifted(year, month, -1),
        later=_shifted(year, month, 1),
        cut=len(status.messages) >= MESSAGES_LIMIT,
        outbound=outbound,
    )


def message_page(run: Run, decision: Decision | None, evidence: Evidence | None, links: Links, nonce: str) -> str:
    """One message."""
    documents = [done.result for done in run.results if done.action == "create_document"]
    by_path = (
        {planned.position: str(planned.parameters.get("path", "")) for planned in decision.actions} if decision else {}
    )
    numbers = {
        by_path.get(done.position, ""): str(done.result.get("number", ""))
        for done in run.results
        if done.action == "create_document"
    }
    return _render(
        "message.html",
        links,
        nonce,
        run=run,
        at_end=run.stage in ENDS,
        attachments=evidence.mail.attachments if evidence else (),
        warnings=evidence.mail.warnings if evidence else (),
        documents=documents,
        numbers=numbers,
        explanation=explain(decision) if decision else [],
    )


def error_page(status: int, title: str, text: str, links: Links, nonce: str) -> str:
    """What went wrong, and what to do."""
    return _render("error.html", links, nonce, status=status, title=title, text=text)


def _render(name: str, links: Links, nonce: str, **content: Any) -> str:
    return _environment().get_template(name).render(link=links, nonce=nonce, style=_style(), **content)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(subject=_subject, name=_name, words=_words, moment=_moment, size=_size)
    return environment


@cache
def _style() -> Markup:
    return Markup((_HERE / "style.css").read_text("utf-8"))  # noqa: S704 - our own file


def _shifted(year: int, month: int, by: int) -> str:
    count = year * 12 + month - 1 + by
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _subject(text: str) -> str:
    return shown(text, _SUBJECT) or "(no subject)"


def _name(text: str | None) -> str:
    return shown(text or "", _NAME)


def _words(code: str | None) -> str:
    """A stable code as words: `no_accepted_document` → `no accepted document`."""
    return (code or "").replace("_", " ")


def _moment(value: datetime | str | None) -> str:
    """A time in UTC, to the minute."""
    if not value:
        return ""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{time:%Y-%m-%d %H:%M}"


def _size(count: int) -> str:
    size = float(count)
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"
