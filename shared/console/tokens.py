"""Tokens against forged requests (CSRF), and marks on what the browser keeps for the next page.

Both are HMACs under the secret that the browser's cookie holds, so nothing has to be stored for them.
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

FIELD = "csrf"
"""Name of the form field."""
HEADER = "x-csrf-token"
"""Name of the header, for scripts."""
_MARK = 16


def csrf_token(secret: str) -> str:
    """The token for forms of the browser that holds this secret; empty for a browser without one."""
    return _mac(secret, b"csrf").hex() if secret else ""


def is_csrf_token(secret: str, given: str) -> bool:
    """Whether the token is the one for this browser. A browser without a secret has none that fits."""
    return bool(secret) and hmac.compare_digest(csrf_token(secret).encode(), given.encode())


def pack_said(secret: str, kind: str, text: str) -> str:
    """What the next page says, as a cookie's value that nobody but us can have made."""
    body = json.dumps([kind, text[:300]]).encode()
    return base64.urlsafe_b64encode(_mac(secret, body)[:_MARK] + body).decode().rstrip("=")


def unpack_said(secret: str, value: str) -> tuple[str, str] | None:
    """Kind and text, or None where it was not made for this browser."""
    try:
        content = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        mark, body = content[:_MARK], content[_MARK:]
        if not secret or not hmac.compare_digest(mark, _mac(secret, body)[:_MARK]):
            return None
        kind, text = json.loads(body)
    except (ValueError, TypeError):
        return None
    return str(kind), str(text)


def _mac(secret: str, content: bytes) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()
