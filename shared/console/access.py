"""Who makes a request, and whether it is their own wish.

A page is opened with the session cookie, the API with a bearer token from Entra, or with the session cookie and the token against
forged requests. Headers that a proxy for signing in would add (`X-MS-CLIENT-PRINCIPAL` and the like) are not read: anybody can send
them.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from shared.console.cookies import BROWSER, SESSION, Cookies
from shared.console.guard import API, TOO_LARGE, RequestTooLarge
from shared.console.product import Product
from shared.console.tokens import FIELD, HEADER, is_csrf_token
from shared.errors import PermanentError, PermissionDenied
from shared.language.texts import gettext_noop
from shared.model.person import Person

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""
FORM_FIELDS = 500
"""Fields of a form."""
FIELD_SIZE = 256 * 1024
"""Bytes of one field."""
FOREIGN = gettext_noop("The request came from another site.")
OLD = gettext_noop("The form is too old, or was not made for this browser.")
AGAIN = gettext_noop("Open the page again, and repeat what you did there.")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class NotSignedIn(PermanentError):
    """Nobody is signed in, or the token is not good."""

    code = "not_signed_in"


class NotAllowed(PermanentError):
    """The person has not the right for this."""

    code = "not_allowed"


class ForgedRequest(PermanentError):
    """The request was not made on a page of ours."""

    code = "forged_request"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        person: None for somebody who has not signed in.
        secret: what the browser's cookie holds and forms are bound to; empty for a caller with a bearer token.
        by_token: whether it came with a bearer token.
    """

    person: Person | None
    secret: str
    by_token: bool = False


def cookies_of(product: Product) -> Cookies:
    """The cookies of this deployment."""
    return Cookies(secure=not product.settings.public_url.startswith("http://"))


async def caller_of(request: Request, product: Product) -> Caller:
    """Who makes the request, after making sure that a change is wished.

    Raises:
        NotSignedIn: a bearer token came that is not good.
        ForgedRequest: a change that was not asked for on a page of ours.
        RequestTooLarge: the body is larger than it may be.
        TransientError: the session or the keys could not be read.
    """
    if request.scope.get(TOO_LARGE):
        raise RequestTooLarge
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and request.url.path.startswith(API):
        try:
            return Caller(await product.api_tokens.person(token.strip()), "", by_token=True)
        except PermissionDenied as error:
            raise NotSignedIn(error.message) from None
    cookies = cookies_of(product)
    given = cookies.get(request, SESSION)
    session = await product.sessions.find(given, product.services.clock()) if given else None
    caller = Caller(session.person, given) if session else Caller(None, cookies.get(request, BROWSER))
    if request.method not in SAFE:
        await _make_sure(request, product.settings.public_url, caller.secret)
    return caller


async def _make_sure(request: Request, public_url: str, secret: str) -> None:
    """A change comes from a page of ours: by what the browser says of its origin, and by the token in the form."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if (origin is not None and origin != public_url) or (site is not None and site not in ("same-origin", "none")):
        raise ForgedRequest(FOREIGN, remedy=AGAIN)
    token = request.headers.get(HEADER, "")
    if not token and request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
        form = await request.form(max_files=0, max_fields=FORM_FIELDS, max_part_size=FIELD_SIZE)
        token = str(form.get(FIELD, ""))
    if not is_csrf_token(secret, token):
        raise ForgedRequest(OLD, remedy=AGAIN)
