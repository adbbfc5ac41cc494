"""The one write path of the configuration: check everything, show the difference, then store."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.actions.registry import PARAMETERS
from shared.classify.check import validate, warnings
from shared.configuration.passwords import forget_password, misplaced
from shared.errors import ConcurrentWrite, ConfigurationError, NotFound
from shared.model.base import Model
from shared.model.config import Company, Mailbox
from shared.net.guard import Network
from shared.net.url import url_problems
from shared.pipeline.schedule import problem as schedule_problem
from shared.stores.configuration import Configuration
from shared.stores.secret_store import SecretStore

TRIES = 5


class Difference(Model):
    """One thing that a new configuration changes."""

    company: str
    what: str
    """Place, such as `rules › nordlys-invoices`; empty for the company itself."""
    change: str
    """`added`, `changed` or `removed`."""


class Review(Model):
    """What applying would do."""

    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configure:
    """Checks and stores configuration.

    Attributes:
        store: where it is kept.
        secrets: where a new subscriber's signing secret goes, and where passwords of mail servers are.
        allowed: networks that subscribers may be in although they are not public.
        allow_http: whether subscribers may be called without TLS.
    """

    store: Configuration
    secrets: SecretStore
    allowed: tuple[Network, ...] = ()
    allow_http: bool = False

    async def review(self, companies: Sequence[Company], *, named: frozenset[str] | None = None) -> Review:
        """What would change, after checking everything.

        Args:
            companies: as they shall be.
            named: see `emptied_twice`.

        Raises:
            ConfigurationError: something is wrong; nothing was changed.
        """
        problems = [problem for company in companies for problem in self._problems(company)]
        problems += emptied_twice([*companies, *await self._others({company.id for company in companies})], named)
        if problems:
            raise ConfigurationError(problems, remedy="Nothing was changed.")
        found: list[Difference] = []
        for company in companies:
            known = await self.store.company(company.id)
            found += _differences(known[0] if known else None, company)
        told = [f"company {company.id!r}: {text}" for company in companies for text in warnings(company)]
        return Review(differences=tuple(found), warnings=tuple(told))

    async def apply(self, companies: Sequence[Company]) -> Review:
        """Store the configuration; each company changes as a whole.

        Raises:
            ConfigurationError: something is wrong; nothing was changed.
            ConcurrentWrite: somebody else changed a company meanwhile.
        """
        review = await self.review(companies)
        changed = {difference.company for difference in review.differences}
        for company in companies:
            for subscriber in company.subscribers:
                await self._ensure_secret(f"{company.id}-{subscriber.secret_name}")
            if company.id in changed:
                known = await self.store.company(company.id)
                await self._forget_passwords(known[0] if known else None, company)
                await self.store.save(company, expected=known[1] if known else 0)
        return review

    async def change(self, company: str, change: Callable[[Company], Company]) -> Company:
        """Change one company as it is stored now, with all the checks of `apply`.

        Args:
            company: its id.
            change: gives the company as it shall be; may be called again where somebody else saved meanwhile.

        Raises:
            NotFound: there is no such company.
            ConfigurationError: the change would leave something wrong; nothing was changed.
        """
        for _ in range(TRIES):
            known = await self.store.company(company)
            if known is None:
                raise NotFound(f"There is no company {company}.")
            wanted = Company.model_validate(change(known[0]).model_dump(by_alias=True))
            if wanted == known[0]:
                return wanted
            await self.review([wanted], named=frozenset({company}))
            await self._forget_passwords(known[0], wanted)
            try:
                await self.store.save(wanted, expected=known[1])
            except ConcurrentWrite:
                continue
            return wanted
        raise ConcurrentWrite(f"the configuration of {company} is being changed by others all the time")

    async def _others(self, changed: set[str]) -> list[Company]:
        """The companies that stay as they are."""
        found = [await self.store.company(name) for name in await self.store.companies() if name not in changed]
        return [known[0] for known in found if known is not None]

    async def _forget_passwords(self, old: Company | None, new: Company) -> None:
        """Before the change is stored: a password never meets a server that it was not entered for."""
        for mailbox in misplaced(old, new) if old else ():
            await forget_password(self.secrets, new.id, mailbox)

    async def _ensure_secret(self, name: str) -> None:
        if await self.secrets.get(name) is None:
            # Standard Webhooks: 24 to 64 random bytes, base64, with the prefix whsec_.
            await self.secrets.put(name, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())

    def _problems(self, company: Company) -> list[str]:
        problems = [*validate(company, PARAMETERS)]
        try:
            ZoneInfo(company.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            problems.append(f"{company.time_zone!r} is not a time zone such as Europe/Copenhagen")
        for mailbox in company.mailboxes:
            wrong = schedule_problem(mailbox.schedule)
            if wrong:
                problems.append(f"mailbox {mailbox.id!r}: {wrong}")
        for subscriber in company.subscribers:
            wrong_url = url_problems(subscriber.url, allow_http=self.allow_http, allowed=self.allowed)
            problems += [f"subscriber {subscriber.id!r}: {text}" for text in wrong_url]
        return [f"company {company.id!r}: {problem}" for problem in problems]


def emptied_twice(companies: Sequence[Company], named: frozenset[str] | None = None) -> list[str]:
    """Problems where two active mailboxes, of whatever companies, would both empty one folder: each would see half of its mail.

    Args:
        companies: all that there are.
        named: ids of the companies that the reader may know of: only their problems are told, and no other is called by its name.
            None for a reader who may know of all.
    """
    first: dict[tuple[str, str, str], tuple[str, str]] = {}
    problems: list[str] = []
    for company in companies:
        for mailbox in company.mailboxes:
            if not mailbox.active or mailbox.leave_in_place:
                continue
            place = (*_mailbox_of(mailbox), mailbox.folders.source.casefold())
            name = f"mailbox {mailbox.id!r} of company {company.id!r}"
            if named is not None and company.id not in named:
                name = "a mailbox of another company"
            if place not in first:
                first[place] = name, company.id
                continue
            other, by = first[place]
            if named is None or {company.id, by} & named:
                folder = f"the folder {mailbox.folders.source!r}" if mailbox.folders.source else "the inbox"
                problems.append(
                    f"{name} and {other} would both empty {folder} of {mailbox.address}: "
                    "choose another source folder for one, or let its mail stay in place"
                )
    return problems


def _mailbox_of(mailbox: Mailbox) -> tuple[str, str]:
    """What tells the mailbox of a provider from all others. An address belongs to one tenant, named or not."""
    server = mailbox.imap
    if server is None:
        return "", mailbox.address.casefold()
    return f"{server.host.lower()}:{server.port}", (server.user_name or mailbox.address).casefold()


def _differences(old: Company | None, new: Company) -> list[Difference]:
    if old is None:
        return [Difference(company=new.id, what="", change="added")]
    before, after = _parts(old), _parts(new)
    found: list[Difference] = []
    for what in sorted(before.keys() | after.keys()):
        if what not in before:
            found.append(Difference(company=new.id, what=what, change="added"))
        elif what not in after:
            found.append(Difference(company=new.id, what=what, change="removed"))
        elif before[what] != after[what]:
            found.append(Difference(company=new.id, what=what, change="changed"))
    return found


def _parts(company: Company) -> dict[str, Any]:
    """The configuration by place; lists of things with an id by that id, with their position, because order matters for rules."""
    parts: dict[str, Any] = {}
    for name, value in company.model_dump(mode="json", by_alias=True).items():
        if isinstance(value, list) and value and all(isinstance(item, dict) and "id" in item for item in value):
            for position, item in enumerate(value):
                parts[f"{name} › {item['id']}"] = (position if name == "rules" else 0, item)
        else:
            parts[name] = value
    return parts
