"""Use case: signing in to the console with Entra (authorisation code with PKCE), and out again.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from shared.errors import ConfigurationError, PermissionDenied, TransientError
from shared.identity.authorisation_code import EntraAuthorisation
from shared.model.person import Person, known_roles
from shared.stores.members import Members
from shared.stores.sessions import Sessions
from shared.stores.sign_ins import SignInsUnderWay

CALLBACK = "/sign-in/callback"
"""Path of the redirect address; registered in Entra (infra/entra/registration.bicep)."""
PATH_LENGTH = 2000
"""Characters of an address within the console that somebody is brought back to."""
ANSWER_FIELDS = ("code", "state", "session_state", "error", "error_description", "error_subcode")
"""What of the answer is read; it comes through the browser, so each is cut."""
_FIELD_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class SignIn:
    """Lets people in.

    Attributes:
        authorisation: asks Entra.
        tenant_id: the one tenant whose people may come in.
        public_url: address of this deployment; empty where it is not known.
        sessions: where sessions are kept.
        under_way: where sign-ins under way are kept.
        members: where people are noted.
        clock: the time.
    """

    authorisation: EntraAuthorisation
    tenant_id: str
    public_url: str
    sessions: Sessions
    under_way: SignInsUnderWay
    members: Members
    clock: Callable[[], datetime]

    async def begin(self, browser: str, return_to: str) -> str:
        """Where to send the browser.

        Args:
            browser: secret of this browser; only it can finish.
            return_to: where the person wanted to go; anything but a path of the console becomes `/`.

        Raises:
            ConfigurationError: the address of this deployment is not known.
            TransientError: the identity or the storage does not answer.
        """
        if not self.public_url:
            raise ConfigurationError(
                "the address of this deployment is not known, so nobody can come back to it after signing in",
                remedy="Set POSTRUM_PUBLIC_URL.",
            )
        request = await self.authorisation.begin(redirect_uri=self.public_url + CALLBACK)
        await self.under_way.keep(request.state, browser, request.flow, console_path(return_to), self.clock())
        return request.url

    async def finish(self, browser: str, answer: Mapping[str, str]) -> tuple[str, str]:
        """Let the person in who comes back; the id of the new session, and the path to go to.

        Args:
            browser: secret of this browser.
            answer: the query of the redirect.

        Raises:
            PermissionDenied: Entra refused; the answer belongs to no sign-in of this browser; the account is one of another
                tenant, or has no role here.
        """
        answer = {name: answer[name][:_FIELD_LENGTH] for name in ANSWER_FIELDS if name in answer}
        known = await self.under_way.take(answer.get("state", ""), browser, self.clock())
        if known is None:
            raise _refused("This sign-in was finished before, took too long, or began elsewhere.", "sign_in_state")
        signed_in = await self.authorisation.finish(known.flow, answer)
        if signed_in.tenant_id != self.tenant_id:
            raise _refused("The account belongs to another organisation.", "sign_in_foreign")
        person = Person(
            tenant_id=signed_in.tenant_id,
            object_id=signed_in.oid,
            name=signed_in.name,
            user_name=signed_in.user_name,
            roles=known_roles(signed_in.roles),
        )
        if not person.roles:
            raise _refused("The account has no role in Postrum.", "sign_in_no_role")
        now = self.clock()
        await self.members.signed_in(person, now)
        session = await self.sessions.begin(person, now)
        with suppress(TransientError):  # a few times a day is often enough, and the person need not know
            await self.sessions.purge(now)
        return session, known.return_to


def console_path(text: str) -> str:
    r"""A path within the console that somebody may be brought to, or `/`.

    What a browser would read as another place is refused: `//evil`, `/\evil`, `javascript:`, control characters
    (browsers drop tab and newline before they read an address), and everything that is not a plain path with a query.
    """
    if not text.startswith("/") or text.startswith("//") or len(text) > PATH_LENGTH:
        return "/"
    if "\\" in text or not text.isascii() or not text.isprintable() or " " in text:
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/sign-in", "/sign-out")):
        return "/"
    return text


def _refused(message: str, cause: str) -> PermissionDenied:
    error = PermissionDenied(message)
    error.cause = cause
    return error
