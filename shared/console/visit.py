"""A visit: one request of somebody, with everything that a page needs to answer it.

Routes ask for what they need by its type, and get no further where the caller may not have it::

    async def page(visit: Anybody) -> Response: …                       # whoever it is
    async def page(visit: Visitor) -> Response: …                       # somebody who signed in
    async def page(visit: CompanyVisitor) -> Response: …                # who may see the company of the path
    @router.post("/companies/{company}/…", dependencies=[needs(Right.OPERATE)])
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.console.access import FIELD_SIZE, FORM_FIELDS, Caller, NotAllowed, NotSignedIn, caller_of, cookies_of
from shared.console.cookies import BROWSER, LANGUAGE, SAID, SAID_SECONDS
from shared.console.labels import LANGUAGE_NAMES
from shared.console.notices import Notice, notices
from shared.console.product import Product
from shared.console.render import address, render
from shared.console.tokens import csrf_token, pack_said, unpack_said
from shared.errors import NotFound
from shared.identity.roles import Right, may, sees_all_companies
from shared.language.texts import Texts, best_language, gettext_noop, texts
from shared.model.config import Company
from shared.model.person import Person

NO_COMPANY = gettext_noop("There is no such company.")
NO_RIGHT = gettext_noop("Your role does not include this. An Owner of Postrum can give you another one in Entra.")


@dataclass(slots=True)
class Visit:
    """One request.

    Attributes:
        request: as it came.
        product: what pages work with.
        caller: who makes it.
        texts: in the language of this visit.
        companies: those that the person may see, by name; empty before sign-in.
        company: the one of the path, where there is one.
        notices: what every page of the company says at its top.
    """

    request: Request
    product: Product
    caller: Caller
    texts: Texts
    companies: tuple[Company, ...] = ()
    company: Company | None = None
    notices: tuple[Notice, ...] = ()
    _new_browser: str = field(default="", repr=False)

    @property
    def person(self) -> Person:
        """Who is signed in.

        Raises:
            NotSignedIn: nobody is.
        """
        if self.caller.person is None:
            raise NotSignedIn("Nobody is signed in.")
        return self.caller.person

    @property
    def signed_in(self) -> bool:
        """Whether somebody is."""
        return self.caller.person is not None

    @property
    def csrf(self) -> str:
        """The token for forms of this page."""
        return csrf_token(self._new_browser or self.caller.secret)

    @property
    def browser(self) -> str:
        """Secret that binds what happens before sign-in to this browser; in its cookie once a page was answered."""
        return self._new_browser or self.caller.secret

    @property
    def zone(self) -> tzinfo:
        """Time zone of the dates on the page: that of the company."""
        return ZoneInfo(self.company.time_zone) if self.company else UTC

    @property
    def path(self) -> str:
        """Where the visitor is, with the query: where to come back to."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def may(self, right: str) -> bool:
        """Whether the person has a right, named as in `Right`."""
        return self.caller.person is not None and may(self.caller.person, Right(right))

    def say(self, text: str, /, **values: object) -> str:
        """A text in the language of this visit, with `{name}` replaced."""
        return self.texts.say(text, **values)

    def sees(self, company: str) -> bool:
        """Whether the person may see a company."""
        return any(known.id == company for known in self.companies)

    def page(self, template: str, status: int = 200, /, **content: Any) -> Response:
        """A page in the frame of the console.

        Args:
            template: its name in the folder of templates.
            status: of HTTP.
            content: what the template shows.
        """
        said = self._said()
        shown = {
            "visit": self,
            "said": said,
            "language_names": LANGUAGE_NAMES,
            "is_fragment": self.request.headers.get("hx-request") == "true",
        }
        answer = HTMLResponse(render(template, self.texts, self.zone, shown | content), status)
        cookies = cookies_of(self.product)
        if self._new_browser:
            cookies.set(answer, BROWSER, self._new_browser)
        elif said:
            cookies.drop(answer, SAID)
        return answer

    def go(self, path: str, *, said: str = "", kind: str = "good", **parameters: str | int) -> Response:
        """Lead to another page (303), which says what was done.

        Args:
            path: on this server.
            said: text for the top of that page, already in the visitor's language.
            kind: `good`, `warning` or `bad`.
            parameters: of the query.
        """
        answer = RedirectResponse(address(path, **parameters), status_code=303)
        if said:
            cookies_of(self.product).set(answer, SAID, pack_said(self.caller.secret, kind, said), SAID_SECONDS)
        return answer

    async def form(self) -> dict[str, str]:
        """The fields of the form that was sent, the last value of each; see `values` for one with several."""
        found = await self.request.form(max_files=0, max_fields=FORM_FIELDS, max_part_size=FIELD_SIZE)
        return {name: value for name, value in found.multi_items() if isinstance(value, str)}

    async def values(self, name: str) -> list[str]:
        """All values of one field, such as those of ticked boxes."""
        found = await self.request.form(max_files=0, max_fields=FORM_FIELDS, max_part_size=FIELD_SIZE)
        return [value for value in found.getlist(name) if isinstance(value, str)]

    def _said(self) -> tuple[str, str] | None:
        value = cookies_of(self.product).get(self.request, SAID)
        return unpack_said(self.caller.secret, value) if value else None


async def anybody(request: Request) -> Visit:
    """Whoever it is, signed in or not: for the pages before sign-in."""
    known = getattr(request.state, "visit", None)
    if isinstance(known, Visit):
        return known
    product: Product = request.app.state.product
    spoken = texts(
        best_language(request.headers.get("accept-language", ""), cookies_of(product).get(request, LANGUAGE))
    )
    # Before the caller is known: an error on the way is told in the visitor's language too.
    request.state.visit = Visit(request, product, Caller(None, ""), spoken)
    visit = Visit(request, product, await caller_of(request, product), spoken)
    if not visit.caller.secret and not visit.caller.by_token:
        visit._new_browser = secrets.token_urlsafe(32)
    if visit.signed_in and not visit.caller.by_token:
        visit.companies = await companies_of(visit.person, product)  # every page has the list of them at its top
    request.state.visit = visit
    return visit


async def proven(visit: Annotated[Visit, Depends(anybody)]) -> Visit:
    """Somebody who signed in or shows a token; for a token no storage is read.

    Raises:
        NotSignedIn: nobody is.
    """
    if not visit.signed_in:
        raise NotSignedIn("Nobody is signed in.")
    return visit


async def signed_in(visit: Annotated[Visit, Depends(proven)]) -> Visit:
    """Somebody who signed in or shows a token, with the companies that they may see."""
    if visit.caller.by_token:
        visit.companies = await companies_of(visit.person, visit.product)
    return visit


async def of_company(visit: Annotated[Visit, Depends(signed_in)], company: str) -> Visit:
    """Somebody who may see the company of the path.

    Raises:
        NotFound: there is no such company, or it is none of theirs: the answer does not say which.
    """
    visit.company = next((known for known in visit.companies if known.id == company), None)
    if visit.company is None:
        raise NotFound(visit.say(NO_COMPANY))
    if not visit.request.url.path.startswith("/api/"):
        visit.notices = await notices(visit.product, visit.company, visit.texts)
    return visit


Proven = Annotated[Visit, Depends(proven)]
Anybody = Annotated[Visit, Depends(anybody)]
Visitor = Annotated[Visit, Depends(signed_in)]
CompanyVisitor = Annotated[Visit, Depends(of_company)]


def needs(right: Right) -> Any:
    """A dependency of a route: the person must have this right.

    A company that the person may not see stays unknown, whatever the right.
    """

    async def check(request: Request, visit: Proven) -> None:
        company = request.path_params.get("company")
        if company is not None and not (await signed_in(visit)).sees(str(company)):
            raise NotFound(visit.say(NO_COMPANY))
        if not visit.may(right):
            raise NotAllowed(visit.say(NO_RIGHT))

    return Depends(check)


async def companies_of(person: Person, product: Product) -> tuple[Company, ...]:
    """The companies that a person may see, by name."""
    every = product.services.companies
    if sees_all_companies(person):
        found = await every.every()
    else:
        names = await product.members.companies(person.key)
        found = [company for name in names if (company := await every.get(name)) is not None]
    return tuple(sorted(found, key=lambda company: (company.name.casefold(), company.id)))
