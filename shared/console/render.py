"""Templates → pages. Everything is escaped; what a sender wrote is also cut, and freed of control characters.

Texts, dates and numbers are those of the page's language and time zone: the filters read both from the page's context, so a macro
has to be imported `with context`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel.dates import format_date, format_time, get_month_names
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from shared.classify.text import shown
from shared.console.labels import label
from shared.console.static_files import static_address
from shared.language.texts import Texts

TEMPLATES = Path(__file__).parent / "templates"
_SUBJECT = 160
_NAME = 120
_UNITS = ("bytes", "KiB", "MiB", "GiB")


def render(name: str, texts: Texts, zone: tzinfo, content: Mapping[str, Any]) -> str:
    """A page.

    Args:
        name: of the template.
        texts: in the language of the page.
        zone: time zone of the dates on it.
        content: what the template shows.
    """
    return _environment().get_template(name).render(content, texts=texts, language=texts.language, zone=zone)


def address(path: str, **parameters: str | int) -> str:
    """An address on this server, quoted; parameters without a value are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value != ""})
    return quote(path) + (f"?{query}" if query else "")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(_=_text, ngettext=_text_for_count, link=address, static=static_address)
    environment.filters.update(
        subject=_subject,
        name=_name,
        words=_words,
        label=_label,
        moment=_moment,
        month_name=_month_name,
        number=_number,
        size=_size,
        id=_id,
    )
    return environment


@pass_context
def _text(context: Context, text: str, /, **values: object) -> Markup:
    """A text in the language of the page; `{name}` is replaced by the escaped value."""
    return _filled(context["texts"].gettext(text), values)


@pass_context
def _text_for_count(context: Context, singular: str, plural: str, count: int, /, **values: object) -> Markup:
    """The same for a count, which is `{count}` in the text."""
    return _filled(
        context["texts"].ngettext(singular, plural, count),
        {"count": format_decimal(count, locale=_locale(context)), **values},
    )


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    safe = escape(text)  # our own text too: "&" and "<" in it are characters, no markup
    return safe.format(**values) if values else safe


@pass_context
def _subject(context: Context, text: str) -> str:
    return shown(text, _SUBJECT) or str(context["texts"].gettext("(no subject)"))


def _name(text: str | None) -> str:
    return shown(text or "", _NAME)


def _words(code: str | None) -> str:
    """A stable code as words: `no_accepted_document` → `no accepted document`."""
    return (code or "").replace("_", " ")


@pass_context
def _label(context: Context, code: str | None) -> str:
    """What people call a code, in the language of the page; the code's own words where it has no name."""
    return str(context["texts"].gettext(label(code))) if code else ""


@pass_context
def _moment(context: Context, value: datetime | str | None) -> str:
    """A time in the time zone of the page, to the minute; in UTC, and saying so, where the page belongs to no company."""
    if not value:
        return ""
    time = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(context["zone"])
    locale = _locale(context)
    shown = f"{format_date(time, 'medium', locale=locale)}, {format_time(time, 'short', locale=locale)}"
    return f"{shown} UTC" if context["zone"] is UTC else shown


def _locale(context: Context) -> str:
    """For dates and numbers. English is that of Europe: the day before the month, and 24 hours."""
    return "en_GB" if context["language"] == "en" else str(context["language"])


@pass_context
def _month_name(context: Context, month: str) -> str:
    """`2026-11` as the name of the month with its year."""
    year, number = (int(part) for part in month.split("-"))
    names = get_month_names("wide", context="stand-alone", locale=_locale(context))
    return f"{names[number]} {year}"


@pass_context
def _number(context: Context, value: int) -> str:
    return format_decimal(value, locale=_locale(context))


@pass_context
def _size(context: Context, count: int) -> str:
    """Bytes in a unit that fits."""
    size, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    pattern = "#,##0" if unit == _UNITS[0] else "#,##0.0"
    return f"{format_decimal(size, pattern, locale=context['language'])} {unit}"


def _id(text: str) -> str:
    """A name as the id of an element: what is no letter, digit or dash becomes a dash."""
    return "".join(char if char.isascii() and (char.isalnum() or char == "-") else "-" for char in text)
