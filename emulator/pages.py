"""The HTML of the sign-in pages: plain forms that a browser, and a test without one, can fill in."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping

from aiohttp import web

_STYLE = """
body{margin:0;background:#eceff3;color:#1b1f24;font:16px/1.5 system-ui,sans-serif}
main{max-width:27rem;margin:3rem auto;padding:2rem;background:#fff;border:1px solid #c4ccd6;border-radius:6px}
h1{font-size:1.4rem;margin:0 0 1rem}h2{font-size:1rem;margin:1.5rem 0 .5rem}
button{font:inherit;padding:.5rem 1rem;margin:.25rem .25rem .25rem 0;border:1px solid #5b6675;border-radius:4px;
background:#fff;color:inherit;cursor:pointer}
button.account{display:block;width:100%;text-align:left}button.main{background:#0b4f8a;color:#fff;border-color:#0b4f8a}
button small{display:block;color:#4c5665}textarea{font:inherit;width:100%;min-height:5rem;box-sizing:border-box}
.from{color:#4c5665;font-size:.85rem;margin:0 0 1rem}li{margin:.3rem 0}
"""


def text(value: str) -> str:
    """The text of an element or attribute, whatever it holds."""
    return html.escape(value, quote=True)


def paragraph(value: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{text(value)}</p>"


def hidden(fields: Mapping[str, str]) -> str:
    """Hidden inputs."""
    return "".join(f'<input type="hidden" name="{text(name)}" value="{text(fields[name])}">' for name in fields)


def button(name: str, value: str, label: str, *, small: str = "", kind: str = "") -> str:
    """A button that sends the form with its own name and value."""
    more = f"<small>{text(small)}</small>" if small else ""
    look = f' class="{kind}"' if kind else ""
    return f'<button type="submit" name="{text(name)}" value="{text(value)}"{look}>{text(label)}{more}</button>'


def form(action: str, fields: Mapping[str, str], *parts: str) -> str:
    """A form that posts to ``action``."""
    return f'<form method="post" action="{text(action)}">{hidden(fields)}{"".join(parts)}</form>'


def page(title: str, *parts: str, status: int = 200, script: str = "") -> web.Response:
    """A whole page; no script runs but the given one."""
    nonce = secrets.token_urlsafe(12)
    code = f'<script nonce="{nonce}">{script}</script>' if script else ""
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f'<p class="from">Emulated sign-in</p><h1>{text(title)}</h1>{"".join(parts)}</main>{code}</body></html>'
    )
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(text=body, status=status, content_type="text/html", headers=headers)


def post_back(url: str, fields: Mapping[str, str]) -> web.Response:
    """A page that posts the fields by itself, or by its button where scripts do not run (``response_mode=form_post``)."""
    return page(
        "Working",
        form(url, fields, '<button type="submit" class="main">Continue</button>'),
        script="document.forms[0].submit()",
    )
