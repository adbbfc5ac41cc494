"""People: who can sign in, which roles they have, and what stands in their way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

CONSENT_TO_ALL = frozenset({"Global Administrator", "Privileged Role Administrator"})
"""Directory roles that may consent to every permission for the organisation (Entra: grant-admin-consent)."""

CONSENT_TO_MOST = frozenset({"Application Administrator", "Cloud Application Administrator"})
"""Directory roles that may consent to all but the application permissions of Microsoft Graph."""

CONSENT_FOR_THEMSELVES = frozenset({"Application Developer"})
"""Directory roles that may consent on their own behalf where people may not (Entra: permissions-reference)."""

SECOND_FACTOR = frozenset({50076, 50079})
"""Obstacles that a person can overcome on the spot."""


@dataclass
class User:
    """A person in one tenant. The user name is an address, and that of the own mailbox where there is one."""

    id: str
    user_name: str
    name: str
    tenant_id: str
    roles: list[str] = field(default_factory=list)
    """The app roles that the person is assigned to, as in the ``roles`` claim."""
    directory_role: str = ""
    obstacle: int = 0
    """AADSTS code that ends each sign-in; 50076 and 50079 ask for a second factor instead."""
    disabled: bool = False
    sessions_from: float = 0.0
    """Refresh tokens from before this moment are refused ..."""
    sessions_code: int = 50173
    """... with this AADSTS code."""

    def may_consent(self, *, graph_permissions: bool = False) -> bool:
        """Whether this person may consent for the whole organisation, where asked to Graph's application permissions."""
        if self.directory_role in CONSENT_TO_ALL:
            return True
        return self.directory_role in CONSENT_TO_MOST and not graph_permissions


@dataclass(frozen=True)
class Person:
    """A row of the people that are there from the start; the user name is ``local`` at the tenant's domain."""

    local: str
    name: str
    roles: Sequence[str] = ()
    directory_role: str = ""
    obstacle: int = 0


PEOPLE = (
    Person("owner", "Olivia Owner", ["Owner"]),
    Person("operator", "Oscar Operator", ["Operator"]),
    Person("author", "Rita Rule-Author", ["RuleAuthor"]),
    Person("auditor", "Audrey Auditor", ["Auditor"]),
    Person("reader", "Rhys Reader", ["Reader"]),
    Person("content", "Cora Content", ["Reader", "ContentReader"]),
    Person("admin", "Gloria Global", directory_role="Global Administrator"),
    Person("applications", "Aria Applications", directory_role="Application Administrator"),
    Person("exchange", "Edwin Exchange", directory_role="Exchange Administrator"),
    Person("plain", "Paula Plain"),
    Person("mfa", "Mona Multifactor", obstacle=50076),
    Person("blocked", "Bo Blocked", obstacle=53003),
)
"""The home tenant: each role of the product, and each kind of administrator that consent knows."""

FOREIGN_PEOPLE = (
    Person("admin", "Frida Foreign-Admin", directory_role="Global Administrator"),
    Person("plain", "Fred Foreign"),
)
"""The other organisation."""
