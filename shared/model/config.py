"""What an administrator configures: companies, mailboxes, rules, number series, keywords and subscribers."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, field_validator, model_validator

from shared.errors import ConfigurationError
from shared.model.base import Identifier, Model


class ConnectionKind(StrEnum):
    """How a mailbox is reached."""

    GRAPH_APP = "graph_app"
    """Microsoft Graph, with the application's own permission: the normal way."""
    GRAPH_DELEGATED = "graph_delegated"
    """Microsoft Graph, with the rights of an account that signed in."""
    IMAP_MICROSOFT = "imap_microsoft"
    """IMAP at Exchange Online, with the rights of an account that signed in."""
    GOOGLE = "google"
    """IMAP at Gmail, with the rights of an account that signed in."""
    IMAP_PASSWORD = "imap_password"  # noqa: S105 - a kind of connection
    """IMAP at any server, with a user name and a password."""


IMAP_KINDS = frozenset({ConnectionKind.IMAP_MICROSOFT, ConnectionKind.GOOGLE, ConnectionKind.IMAP_PASSWORD})
"""Kinds that read by IMAP."""
SIGNED_IN_KINDS = frozenset({ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_MICROSOFT, ConnectionKind.GOOGLE})
"""Kinds that act for an account that signed in."""


class ImapEncryption(StrEnum):
    """How an IMAP connection is encrypted; it always is."""

    TLS = "tls"
    """From the first byte on (RFC 8314), usually port 993."""
    STARTTLS = "starttls"
    """After the greeting (RFC 9051 section 6.2.1), usually port 143; nothing is said before."""


class ImapServer(Model):
    """Where a mail server is and whom to trust there. Its password lives in the secret store, never here."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[0-9A-Za-z.:-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    encryption: ImapEncryption = ImapEncryption.TLS
    user_name: Annotated[str, Field(max_length=320)] | None = None
    """What to sign in with; None for the address of the mailbox."""
    certificate_authority: Annotated[str, Field(max_length=20_000)] | None = None
    """PEM of the one authority to trust instead of the public ones, for a server with a private one."""

    @field_validator("user_name", "certificate_authority")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and ("\0" in value or not value.strip()):
            raise ValueError("must hold text")
        return value

    @field_validator("certificate_authority")
    @classmethod
    def _pem(cls, value: str | None) -> str | None:
        if value is not None and "-----BEGIN CERTIFICATE-----" not in value:
            raise ValueError("a certificate authority is given as PEM, beginning with -----BEGIN CERTIFICATE-----")
        return value


class Scan(StrEnum):
    """Which mails of the source folder are taken in."""

    ALL = "all"
    """Every mail that was not taken in before, whatever its read flag says."""
    UNREAD = "unread"
    """Only mails that nobody has read."""


class BacklogChoice(StrEnum):
    """What happens with the mail that is already in the source folder when a mailbox is activated."""

    IMPORT = "import"
    """All of it is taken in."""
    SINCE = "since"
    """What was received since a moment is taken in, the rest stays where it is."""
    LEAVE = "leave"
    """All of it stays where it is."""
    PARK = "park"
    """All of it is moved into a folder, and nothing of it is taken in."""


class Backlog(Model):
    """The choice, and the moment it holds for."""

    choice: BacklogChoice
    before: AwareDatetime | None = None
    """Mail received before this is the backlog; not needed for `import`."""
    folder: str = ""
    """For `park`: path of the folder below the inbox."""

    @model_validator(mode="after")
    def _complete(self) -> Backlog:
        if self.choice is not BacklogChoice.IMPORT and self.before is None:
            raise ValueError(f"the choice {self.choice.value!r} needs the moment `before` which mail counts as old")
        if (self.choice is BacklogChoice.PARK) != bool(self.folder):
            raise ValueError("`folder` belongs to the choice 'park', which needs it")
        return self

    @property
    def since(self) -> datetime | None:
        """Mail received before this is not taken in; None where all of it is."""
        return None if self.choice is BacklogChoice.IMPORT or self.before is None else self.before.astimezone(UTC)


class FolderIds(Model):
    """Ids of the chosen folders at the provider: a folder that is renamed stays the chosen one."""

    source: Annotated[str, Field(max_length=1000)] = ""
    imported: Annotated[str, Field(max_length=1000)] = ""
    other: Annotated[str, Field(max_length=1000)] = ""


class Folders(Model):
    """The three folders of a mailbox, each named by its path below the inbox, parts separated by `/`.

    `source` is empty for the inbox itself. All three must differ.
    """

    source: str = ""
    imported: str = ""
    other: str = ""
    ids: FolderIds = FolderIds()
    """Where they were picked from a list; the paths hold where this is empty."""

    @field_validator("source", "imported", "other")
    @classmethod
    def _tidy(cls, value: str) -> str:
        parts = [part.strip() for part in value.split("/") if part.strip()]
        if len(value) > 500 or len(parts) > 20:
            raise ValueError("a folder path has at most 500 characters and 20 levels")
        return "/".join(parts)

    @model_validator(mode="after")
    def _distinct(self) -> Folders:
        named = [self.source.casefold(), *(name.casefold() for name in (self.imported, self.other) if name)]
        if len(set(named)) < len(named):
            raise ValueError("source, imported and other must be three different folders")
        return self


class Mailbox(Model):
    """One address that Postrum reads for one company."""

    id: Identifier
    name: Annotated[str, Field(max_length=200)] = ""
    """What people call it; changes nothing else."""
    address: Annotated[str, Field(max_length=320)]
    connection: ConnectionKind = ConnectionKind.GRAPH_APP
    tenant_id: Annotated[str, Field(pattern=r"^[0-9a-zA-Z.-]{1,253}$")] | None = None
    """Entra tenant of the mailbox; None for the tenant that Postrum is deployed into."""
    grant: Identifier | None = None
    """Which signed-in account is used, for the kinds that act for one. It need not be the mailbox's own."""
    imap: ImapServer | None = None
    """The mail server, for `imap_password`; the other kinds know theirs."""
    folders: Folders = Folders()
    scan: Scan = Scan.ALL
    backlog: Backlog | None = None
    """What happens with mail that was there before; None asks as soon as there is much of it."""
    leave_in_place: bool = False
    """Mail stays in the source folder after it was taken in; it is read from there once."""
    schedule: str = "*/15 * * * *"
    """Cron expression with five fields, in UTC."""
    accepted_types: tuple[str, ...] = ("application/pdf",)
    """Media types, found by content, that become documents."""
    mark_read: bool = False
    """Mark the mail read after it was imported; never where the sender asked for a read receipt."""
    direct_to_worklist: bool = False
    open_archives: bool = False
    """Open zip and tar files, within limits, and treat what is in them as attachments."""
    active: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Mailbox:
        if self.active and not self.leave_in_place and not (self.folders.imported and self.folders.other):
            raise ValueError("name a folder below the inbox for imported mail and another for all other mail")
        if self.backlog is not None and self.backlog.choice is BacklogChoice.PARK:
            if self.leave_in_place:
                raise ValueError("a mailbox whose mail stays in place has no use for parking old mail")
            chosen = {self.folders.source.casefold(), self.folders.imported.casefold(), self.folders.other.casefold()}
            if self.backlog.folder.casefold() in chosen:
                raise ValueError("old mail is parked in a folder of its own, not in one of the three")
        if (self.connection is ConnectionKind.IMAP_PASSWORD) != (self.imap is not None):
            raise ValueError("`imap` names the mail server of an imap_password connection, and of no other")
        if self.grant is not None and self.connection not in SIGNED_IN_KINDS:
            raise ValueError(
                f"a {self.connection.value} connection acts for no signed-in account, so `grant` is not its"
            )
        return self

    @field_validator("address")
    @classmethod
    def _full_address(cls, value: str) -> str:
        local, at, domain = value.strip().rpartition("@")
        if (
            not at
            or not local
            or "." not in domain
            or any(c.isspace() or not c.isprintable() or c in '<>,;"\\/' for c in value.strip())
        ):
            raise ValueError(f"{value!r} is not a full mail address such as invoice@company.com")
        return f"{local}@{domain.lower()}"

    @field_validator("accepted_types")
    @classmethod
    def _media_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            kind, slash, sub = item.partition("/")
            if not slash or not kind or not sub:
                raise ValueError(f"{item!r} is not a media type such as application/pdf")
        return tuple(item.lower() for item in value)


class Series(Model):
    """A number series of a company. A number is prefix + the counter padded with zeros to `width`."""

    id: Identifier
    prefix: Annotated[str, Field(max_length=20, pattern=r"^[A-Za-z0-9/_.-]*$")] = ""
    width: Annotated[int, Field(ge=1, le=18)] = 6
    start: Annotated[int, Field(ge=0)] = 1
    default: bool = False


class EntityKind(StrEnum):
    """Kinds of things in the customer's world that mail is linked to."""

    RELATION = "relation"
    CONTACT = "contact"
    DOSSIER = "dossier"
    HELP_REQUEST = "help_request"
    CONFIGURATION = "configuration"
    PROJECT = "project"


class Keyword(Model):
    """Words in the subject that are followed by the number of an entity (`relatienr 000123`)."""

    entity: EntityKind
    words: Annotated[tuple[str, ...], Field(min_length=1)]
    separators: Annotated[str, Field(max_length=10)] = "-/,"
    """For projects: what may stand between project, sub-project and phase."""
    mailboxes: tuple[Identifier, ...] = ()
    """Mailboxes this keyword holds for; empty for all of the company."""

    @field_validator("words")
    @classmethod
    def _words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if not word.strip() or len(word) > 50:
                raise ValueError("a keyword has 1 to 50 characters")
        return value


class Test(Model):
    """One comparison: a field of the mail, an operator, a value."""

    field: str
    operator: str
    value: str | int | bool | tuple[str, ...] | None = None
    name: str | None = None
    """Name of the header, where `field` is `header`."""


class All(Model):
    """True when every part is true."""

    all: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Any_(Model):  # noqa: N801 - `Any` is taken by typing
    """True when at least one part is true."""

    any: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Not(Model):
    """True when the part is false."""

    not_: Annotated[Condition, Field(alias="not")]

    model_config = {**Model.model_config, "populate_by_name": True}


Condition = Test | All | Any_ | Not


class ActionStep(Model):
    """One action of a rule, with its parameters."""

    action: str
    parameters: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: object) -> object:
        """Accept `{action: move, folder: imported}` as well as the nested form."""
        if isinstance(value, str):
            return {"action": value}
        if isinstance(value, dict) and "parameters" not in value:
            return {"action": value.get("action"), "parameters": {k: v for k, v in value.items() if k != "action"}}
        return value


class Rule(Model):
    """A name, a tree of conditions, and an ordered list of actions. Rules are tried in their order in the file."""

    id: Identifier
    name: Annotated[str, Field(min_length=1, max_length=200)]
    active: bool = True
    mailboxes: tuple[Identifier, ...] = ()
    """Mailboxes the rule holds for; empty for all of the company."""
    when: Condition
    actions: Annotated[tuple[ActionStep, ...], Field(min_length=1, max_length=20)]
    then: Literal["continue", "stop"] = "continue"
    """`stop`: no later rule is tried after this one matched."""


class Subscriber(Model):
    """A webhook endpoint. Its signing secret lives in the secret store under `secret_name`."""

    id: Identifier
    url: Annotated[str, Field(max_length=2000)]
    events: tuple[str, ...] = ("*",)
    """Event types that are sent, `*` for all."""
    active: bool = True

    @property
    def secret_name(self) -> str:
        """Name of the signing secret in the secret store."""
        return f"subscriber-{self.id}"


class Company(Model):
    """One organisation or business unit, with everything configured for it."""

    id: Identifier
    name: Annotated[str, Field(min_length=1, max_length=200)]
    time_zone: str = "UTC"
    document_type: Annotated[str, Field(max_length=60)] = "invoice"
    """Type that imported documents get when nothing else decides; needed as soon as a mailbox is active."""
    mailboxes: tuple[Mailbox, ...] = ()
    series: tuple[Series, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    rules: tuple[Rule, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    modules: tuple[EntityKind, ...] = tuple(EntityKind)
    """Kinds of entities this company uses; keywords of others are ignored, and the trace says so."""

    @model_validator(mode="after")
    def _consistent(self) -> Company:
        problems: list[str] = []
        for what, items in (
            ("mailbox", self.mailboxes),
            ("series", self.series),
            ("rule", self.rules),
            ("subscriber", self.subscribers),
        ):
            seen: set[str] = set()
            for item in items:
                if item.id in seen:
                    problems.append(f"two of {what} have the id {item.id!r}")
                seen.add(item.id)
        known = {mailbox.id for mailbox in self.mailboxes}
        for rule in self.rules:
            problems += [f"rule {rule.id!r} names the unknown mailbox {m!r}" for m in rule.mailboxes if m not in known]
        for keyword in self.keywords:
            problems += [
                f"keyword {keyword.words[0]!r} names the unknown mailbox {m!r}"
                for m in keyword.mailboxes
                if m not in known
            ]
        defaults = sum(series.default for series in self.series)
        active = any(mailbox.active for mailbox in self.mailboxes)
        if defaults > 1 or (active and defaults == 0):
            problems.append(
                "exactly one number series must be marked default: true, for the documents that are imported"
            )
        if active and not self.document_type:
            problems.append("document_type must name the type of imported documents")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def mailbox(self, mailbox_id: str) -> Mailbox | None:
        """The mailbox with this id, or None."""
        return next((mailbox for mailbox in self.mailboxes if mailbox.id == mailbox_id), None)

    def default_series(self) -> Series:
        """The series that imported documents are numbered from.

        Raises:
            ConfigurationError: there is none, which can be while no mailbox is active.
        """
        for series in self.series:
            if series.default:
                return series
        raise ConfigurationError(
            f"company {self.id} has no default number series", remedy="Mark one series as default."
        )
