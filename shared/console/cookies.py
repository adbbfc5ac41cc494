"""The cookies of the console, all out of reach of scripts, all of this origin only.

| cookie | what | how long |
|---|---|---|
| `__Host-postrum` | id of the session | until signed out, at most 24 hours |
| `__Host-postrum-browser` | binds a sign-in, a consent and forms before sign-in to this browser | until the browser closes |
| `__Host-postrum-said` | what the next page says about what was just done | a minute |
| `__Host-postrum-language` | the language that the person chose | a year |

On http, which only this machine may be reached by, there is no `Secure` and so no `__Host-` (RFC 6265bis section 4.1.3).
At most one cookie is set by an answer: the Functions host folds headers of the same name together.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

_PREFIX = "__Host-"
SESSION = "postrum"
BROWSER = "postrum-browser"
SAID = "postrum-said"
LANGUAGE = "postrum-language"
SAID_SECONDS = 60
LANGUAGE_SECONDS = 365 * 24 * 3600
SESSION_SECONDS = 24 * 3600
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and sets the cookies.

    Attributes:
        secure: whether the deployment is reached by https; everything but a try on this machine is.
    """

    secure: bool

    def get(self, request: Request, name: str) -> str:
        """The value of a cookie; empty where there is none, or what no cookie of ours can be."""
        value = request.cookies.get(self._name(name), "")
        return value if len(value) <= _LONGEST else ""

    def set(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Set a cookie; without a time it ends with the browser."""
        response.set_cookie(
            self._name(name), value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, name: str) -> None:
        """Take a cookie away."""
        response.delete_cookie(self._name(name), path="/", secure=self.secure, httponly=True, samesite="lax")

    def _name(self, name: str) -> str:
        return f"{_PREFIX}{name}" if self.secure else name
