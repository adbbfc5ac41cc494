"""Making, changing and removing the mailboxes of a company. A mailbox that was just made is never active."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.configuration.passwords import password_name
from shared.configuration.service import Configure
from shared.errors import Conflict, InvalidRequest, NotFound
from shared.identity.connection_keeper import ConnectionKeeper
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.config import Company, ConnectionKind, ImapServer, Mailbox, Scan, Series
from shared.stores.secret_store import SecretStore

_ID = re.compile(r"[^a-z0-9]+")
LONGEST_PASSWORD = 1000


class MailboxDraft(Model):
    """What the first form asks for. Folders come later, when the mailbox can be seen."""

    name: str = ""
    address: str
    connection: ConnectionKind = ConnectionKind.GRAPH_APP
    tenant_id: str | None = None
    grant: str | None = None
    imap: ImapServer | None = None
    scan: Scan = Scan.ALL
    schedule: str = "*/15 * * * *"
    mark_read: bool = False
    direct_to_worklist: bool = False
    leave_in_place: bool = False
    open_archives: bool = False
    accepted_types: tuple[str, ...] = ("application/pdf",)


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Changes what is configured about mailboxes, through the one write path.

    Attributes:
        configure: the write path.
        secrets: where passwords go. They are never read back by anything here.
        keeper: writes down how mailboxes are connected.
    """

    configure: Configure
    secrets: SecretStore
    keeper: ConnectionKeeper

    async def create_company(self, name: str, *, time_zone: str = "UTC") -> Company:
        """A company with a default document type and number series, ready for its first mailbox.

        Raises:
            InvalidRequest: the name or the time zone is not one.
        """
        taken = set(await self.configure.store.companies())
        wanted = _checked(
            lambda: Company(
                id=_free_id(name, taken),
                name=name,
                time_zone=time_zone,
                series=(Series(id="documents", prefix="D-", width=6, default=True),),
            )
        )
        await self.configure.apply([wanted])
        return wanted

    async def create(self, company: str, draft: MailboxDraft) -> Mailbox:
        """Make a mailbox, not active.

        Raises:
            NotFound: there is no such company.
            InvalidRequest: something in the draft is not right; says which field.
        """
        made: list[Mailbox] = []

        def add(known: Company) -> Company:
            taken = {mailbox.id for mailbox in known.mailboxes}
            values = draft.model_dump() | {"id": _free_id(draft.name or draft.address, taken), "active": False}
            made[:] = [_checked(lambda: Mailbox.model_validate(values))]
            return known.model_copy(update={"mailboxes": (*known.mailboxes, made[0])})

        await self.configure.change(company, add)
        return made[0]

    async def edit(self, company: str, mailbox: str, changes: dict[str, Any]) -> Mailbox:
        """Change fields of a mailbox: those of `MailboxDraft`.

        The address, the kind of connection, the tenant and the server say which mailbox it is, so they change only while it is not
        active, and what was known of the connection holds no longer.

        Raises:
            NotFound, InvalidRequest: see `create`.
            Conflict: the mailbox is active, and the change needs a pause.
        """
        unknown = changes.keys() - MailboxDraft.model_fields.keys()
        if unknown:
            raise InvalidRequest(f"A mailbox has no field {sorted(unknown)[0]!r}.", field=sorted(unknown)[0])
        made: list[Mailbox] = []
        another = False

        def change(known: Company) -> Company:
            nonlocal another
            old = _of(known, mailbox)
            new = _checked(lambda: Mailbox.model_validate(old.model_dump() | changes))
            fixed = [
                name for name in ("address", "connection", "tenant_id") if getattr(old, name) != getattr(new, name)
            ] or (["mail server"] if _server(old) != _server(new) else [])
            another = bool(fixed)
            if old.active and fixed:
                raise Conflict(
                    f"The {fixed[0].replace('_', ' ')} of an active mailbox cannot change.",
                    remedy=gettext_noop("Pause the mailbox first."),
                )
            if fixed or old.folders.source != new.folders.source:
                new = new.model_copy(update={"backlog": None})
            made[:] = [new]
            return _with(known, new)

        await self.configure.change(company, change)
        if another:
            await self.keeper.begin_again(company, made[0], by="")
        return made[0]

    async def update(self, company: str, mailbox: str, change: Callable[[Mailbox], Mailbox]) -> Mailbox:
        """Change a mailbox as it is stored now; for the other use cases of setting up.

        Raises:
            NotFound: there is no such company or mailbox.
        """
        changed = await self.configure.change(company, lambda known: _with(known, change(_of(known, mailbox))))
        return _of(changed, mailbox)

    async def set_password(self, company: str, mailbox: str, password: str) -> None:
        """Keep the password of an `imap_password` mailbox. Nothing ever returns it.

        Raises:
            NotFound: there is no such mailbox.
            InvalidRequest: the mailbox has no password, or this is none.
        """
        known = await self.configure.store.company(company)
        found = None if known is None else known[0].mailbox(mailbox)
        if found is None:
            raise NotFound(f"There is no mailbox {mailbox} in company {company}.")
        if found.connection is not ConnectionKind.IMAP_PASSWORD:
            raise InvalidRequest("Only a mailbox at a mail server of its own has a password here.", field="password")
        if (
            not password
            or len(password) > LONGEST_PASSWORD
            or any(ord(char) < 32 or ord(char) == 127 for char in password)
        ):
            raise InvalidRequest(
                f"A password has 1 to {LONGEST_PASSWORD} characters, none of them a control character.",
                field="password",
            )
        await self.secrets.put(password_name(company, mailbox), password)

    async def remove(self, company: str, mailbox: str) -> None:
        """Take a mailbox out of the configuration. What it brought in stays; its password is forgotten.

        Raises:
            NotFound: there is no such mailbox.
            Conflict: it is active.
        """

        def without(known: Company) -> Company:
            if _of(known, mailbox).active:
                raise Conflict(
                    gettext_noop("An active mailbox cannot be removed."), remedy=gettext_noop("Pause it first.")
                )
            return known.model_copy(
                update={
                    "mailboxes": tuple(one for one in known.mailboxes if one.id != mailbox),
                    "rules": tuple(
                        rule.model_copy(update={"mailboxes": tuple(one for one in rule.mailboxes if one != mailbox)})
                        for rule in known.rules
                        if rule.mailboxes != (mailbox,)
                    ),
                    "keywords": tuple(
                        word.model_copy(update={"mailboxes": tuple(one for one in word.mailboxes if one != mailbox)})
                        for word in known.keywords
                        if word.mailboxes != (mailbox,)
                    ),
                }
            )

        await self.configure.change(company, without)
        await self.keeper.forget(company, mailbox)
        await self.secrets.delete(password_name(company, mailbox))


def _of(company: Company, mailbox: str) -> Mailbox:
    found = company.mailbox(mailbox)
    if found is None:
        raise NotFound(f"There is no mailbox {mailbox} in company {company.id}.")
    return found


def _with(company: Company, mailbox: Mailbox) -> Company:
    replaced = tuple(mailbox if one.id == mailbox.id else one for one in company.mailboxes)
    return company.model_copy(update={"mailboxes": replaced})


def _server(mailbox: Mailbox) -> tuple[str, int, str] | None:
    """Which mailbox at which mail server, where it names one."""
    server = mailbox.imap
    return None if server is None else (server.host.lower(), server.port, server.user_name or mailbox.address)


def _checked[T](make: Callable[[], T]) -> T:
    try:
        return make()
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(first["msg"].removeprefix("Value error, "), field=field) from None


def _free_id(name: str, taken: set[str]) -> str:
    """An id from a name: `invoice@company.com` → `invoice`; with a number where that is taken."""
    plain = _ID.sub("-", name.partition("@")[0].casefold()).strip("-")[:30].strip("-") or "mailbox"
    candidates = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)
