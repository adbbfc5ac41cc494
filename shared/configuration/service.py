"""The one write path of the configuration: check everything, show the difference, then store."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.actions.registry import PARAMETERS
from shared.classify.check import validate, warnings
from shared.errors import ConfigurationError
from shared.model.base import Model
from shared.model.config import Company
from shared.net.guard import Network
from shared.net.url import url_problems
from shared.pipeline.schedule import problem as schedule_problem
from shared.stores.configuration import Configuration
from shared.stores.secret_store import SecretStore


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
        secrets: where a new subscriber's signing secret goes.
        allowed: networks that subscribers may be in although they are not public.
        allow_http: whether subscribers may be called without TLS.
    """

    store: Configuration
    secrets: SecretStore
    allowed: tuple[Network, ...] = ()
    allow_http: bool = False

    async def review(self, companies: Sequence[Company]) -> Review:
        """What would change, after checking everything.

        Raises:
            ConfigurationError: something is wrong; nothing was changed.
        """
        problems = [problem for company in companies for problem in self._problems(company)]
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
                await self.store.save(company, expected=known[1] if known else 0)
        return review

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
