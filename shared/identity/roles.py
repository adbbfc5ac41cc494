"""Which role may do what.

| role | view | operate | configure | rules | content | audit | govern |
|---|---|---|---|---|---|---|---|
| Owner | yes | yes | yes | yes | yes | yes | yes |
| Operator | yes | yes | yes | | | | |
| RuleAuthor | yes | | | yes | | | |
| Auditor | yes | | | | | yes | |
| Reader | yes | | | | | | |
| ContentReader | yes | | | | yes | | |

An Owner sees every company; everybody else those of their membership.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.model.person import Person, Role


class Right(StrEnum):
    """One thing that a person may do."""

    VIEW = "view"
    """See pages and lists of their companies."""
    OPERATE = "operate"
    """Run messages again, run a mailbox now, pause it."""
    CONFIGURE = "configure"
    """Set up mailboxes: connection, consent, folders, backlog."""
    RULES = "rules"
    """Write and test rules."""
    CONTENT = "content"
    """See what a mail holds: names of attachments, and later texts."""
    AUDIT = "audit"
    """Read the configuration of a company, and the audit log."""
    GOVERN = "govern"
    """The whole deployment: who sees which company, the configuration file, the doctor."""


RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.OPERATOR: frozenset({Right.VIEW, Right.OPERATE, Right.CONFIGURE}),
    Role.RULE_AUTHOR: frozenset({Right.VIEW, Right.RULES}),
    Role.AUDITOR: frozenset({Right.VIEW, Right.AUDIT}),
    Role.READER: frozenset({Right.VIEW}),
    Role.CONTENT_READER: frozenset({Right.VIEW, Right.CONTENT}),
}


def may(person: Person, right: Right) -> bool:
    """Whether any of the person's roles gives this right."""
    return any(right in RIGHTS[role] for role in person.roles)


def sees_all_companies(person: Person) -> bool:
    """Whether the person needs no membership."""
    return Role.OWNER in person.roles
