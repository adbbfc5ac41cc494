"""Who uses the console or the API, and with which roles."""

from __future__ import annotations

from enum import StrEnum

from shared.model.base import Model


class Role(StrEnum):
    """App roles of the registration (infra/entra/app-roles.json), given to people in Entra."""

    OWNER = "Owner"
    """Everything, including who may do what."""
    OPERATOR = "Operator"
    """Connects mailboxes, runs again what is parked, pauses."""
    RULE_AUTHOR = "RuleAuthor"
    """Writes and tests rules."""
    AUDITOR = "Auditor"
    """Reads the audit log and the configuration."""
    READER = "Reader"
    """Sees pages and lists."""
    CONTENT_READER = "ContentReader"
    """Opens mails and attachments; given in addition to another role."""


class Person(Model):
    """Somebody who proved who they are: a person, or a program with a token of its own."""

    tenant_id: str
    object_id: str
    """`oid` of the token: the stable id of the account in its tenant."""
    name: str
    user_name: str
    roles: tuple[Role, ...]

    @property
    def key(self) -> str:
        """What identifies them: tenant and object id."""
        return f"{self.tenant_id}|{self.object_id}"


def known_roles(values: object) -> tuple[Role, ...]:
    """The roles of a token's `roles` claim; what is no role of the product is left out."""
    if not isinstance(values, list | tuple):
        return ()
    names = {role.value for role in Role}
    return tuple(sorted({Role(value) for value in values if isinstance(value, str) and value in names}))
