"""What a mailbox holds: folders, messages, and the journals from which delta queries are answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.errors import EmulatorError
from emulator.ids import IdFactory, guid
from emulator.mime import Address, decode_words, has_attachments, read_addresses, read_headers
from emulator.names import WELL_KNOWN, display_names

ChangeKind = Literal["created", "updated", "deleted"]


@dataclass(slots=True)
class Change:
    """One line of a folder's journal."""

    kind: ChangeKind
    message: Message
    default_id: str
    """The default id that the message had in this folder."""


@dataclass(slots=True)
class SyncState:
    """What the server remembers for one delta link: what of this round is still to be told, and where the journal was
    read to."""

    pending: list[Change]
    offset: int
    journal: int
    first_round: bool
    pages: int = 0


@dataclass(eq=False)
class Folder:
    """A mail folder."""

    id: str
    display_name: str
    parent: Folder | None
    well_known: str | None = None
    hidden: bool = False
    is_search: bool = False
    children: list[Folder] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    journal: list[Change] = field(default_factory=list)
    generations: dict[str, OrderedDict[int, SyncState]] = field(default_factory=dict)
    generation: int = 0
    newest_first: list[Message] | None = None

    @property
    def path(self) -> str:
        """The display names from the root, joined by a slash."""
        if self.parent is None:
            return ""
        return f"{self.parent.path}/{self.display_name}".lstrip("/")

    def walk(self) -> Iterator[Folder]:
        """This folder and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def sorted_messages(self) -> list[Message]:
        """The messages, newest first."""
        if self.newest_first is None:
            self.newest_first = sorted(self.messages.values(), key=lambda m: (m.received, m.key), reverse=True)
        return self.newest_first


@dataclass(frozen=True, slots=True)
class Summary:
    """The header fields that Graph shows as properties."""

    subject: str
    message_id: str
    sender: Address | None
    from_: Address | None
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    reply_to: list[Address]
    thread: str
    read_receipt: bool
    importance: str


@dataclass(eq=False)
class Message:
    """A mail in a mailbox; ``folder`` is None once it is gone."""

    key: str
    immutable_id: str
    default_id: str
    folder: Folder | None
    file: Path
    received: datetime
    modified: datetime
    is_read: bool = False
    is_draft: bool = False
    categories: list[str] = field(default_factory=list)
    flag: dict[str, Any] = field(default_factory=lambda: {"flagStatus": "notFlagged"})
    importance: str | None = None
    inference: str = "focused"
    read_receipt: bool | None = None
    version: int = 1
    moves: int = 0
    """By anybody; the default id follows from it."""
    client_moves: int = 0
    """By requests to move, not by the control plane or a deletion."""
    patches: int = 0
    copies: int = 0
    been: list[str] = field(default_factory=list)
    gone: Literal["", "recoverable", "purged"] = ""
    last_folder: str = ""
    attached: dict[bool, bool] = field(default_factory=dict)
    _summary: Summary | None = None

    @property
    def etag(self) -> str:
        """Changes with each change of the message."""
        return f'W/"{self.change_key}"'

    @property
    def change_key(self) -> str:
        """The bare form of the etag."""
        return f"CQAAABYAAAC{self.immutable_id[-12:]}{self.version:05d}"

    def headers(self) -> list[tuple[str, str]]:
        """The mail's header fields, read from the file."""
        return read_headers(self.file)

    def has_attachments(self, *, inline_counts: bool) -> bool:
        """Whether something is attached; looked up once."""
        if inline_counts not in self.attached:
            self.attached[inline_counts] = has_attachments(self.file, inline_counts=inline_counts)
        return self.attached[inline_counts]

    def content_changed(self) -> None:
        """The file was written again (drafts only)."""
        self._summary = None
        self.attached.clear()

    @property
    def summary(self) -> Summary:
        """The header fields that Graph shows, read once."""
        if self._summary is None:
            self._summary = _summarise(self.headers())
        return self._summary


def _summarise(headers: list[tuple[str, str]]) -> Summary:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)

    def first(name: str) -> str:
        return found.get(name, [""])[0]

    senders, froms = read_addresses(found.get("sender", [])[:1]), read_addresses(found.get("from", [])[:1])
    from_ = froms[0] if froms else None
    thread = (first("references").split() or first("in-reply-to").split() or [first("message-id")])[0]
    importance = first("importance").lower()
    return Summary(
        subject=decode_words(first("subject")),
        message_id=first("message-id"),
        sender=senders[0] if senders else from_,
        from_=from_,
        to=read_addresses(found.get("to", [])),
        cc=read_addresses(found.get("cc", [])),
        bcc=read_addresses(found.get("bcc", [])),
        reply_to=read_addresses(found.get("reply-to", [])),
        thread=thread,
        read_receipt="disposition-notification-to" in found,
        importance=importance if importance in ("low", "normal", "high") else "normal",
    )


class Mailbox:
    """One mailbox: its folder tree, its messages by both ids, and what changes them.

    ``on_change`` is called with (mailbox, folder, message, kind) after each change; subscriptions listen to it.
    """

    def __init__(
        self,
        address: str,
        tenant_id: str,
        *,
        seed: int,
        language: str,
        behaviour: Behaviour,
        clock: Clock,
        directory: Path,
    ) -> None:
        self.address = address
        self.tenant_id = tenant_id
        self.user_id = guid(seed, "user", address.lower())
        self.directory = directory
        self.clock = clock
        self.ids = IdFactory(seed, address, slash=behaviour.ids_with_slash)
        self.on_change: Callable[[Mailbox, Folder, Message, ChangeKind], None] = lambda *_: None
        self.delivered = 0
        self.created = 0
        self.by_id: dict[str, Message] = {}
        self.everything: dict[str, Message] = {}
        self.sent: list[dict[str, Any]] = []
        names = display_names(language)
        self.root = Folder(
            self.ids.folder("msgfolderroot"),
            names.get("msgfolderroot", "Top of Information Store"),
            None,
            "msgfolderroot",
        )
        self.folders: dict[str, Folder] = {self.root.id: self.root}
        self.well_known: dict[str, Folder] = {"msgfolderroot": self.root}
        self.folder_changes: list[str] = []
        for name, hidden in WELL_KNOWN.items():
            self.add_folder(self.root, names[name], well_known=name, hidden=hidden)

    # -- folders

    def add_folder(
        self, parent: Folder, name: str, *, well_known: str | None = None, hidden: bool = False, is_search: bool = False
    ) -> Folder:
        """Add a folder.

        Raises:
            EmulatorError: The parent has a folder of that name.
        """
        if any(child.display_name.lower() == name.lower() for child in parent.children):
            raise EmulatorError(f"the folder {name!r} exists")
        key = well_known or f"{parent.id}/{name}"
        folder = Folder(self.ids.folder(key), name, parent, well_known, hidden, is_search)
        parent.children.append(folder)
        self.folders[folder.id] = folder
        if well_known:
            self.well_known[well_known] = folder
        self.folder_changes.append(folder.id)
        return folder

    def folder_by_reference(self, reference: str) -> Folder | None:
        """The folder with this id or well-known name (in any case), as Graph looks it up."""
        return self.folders.get(reference) or self.well_known.get(reference.lower())

    def folder_by_path(self, path: str, *, create: bool = False) -> Folder:
        """The folder with this id, well-known name or path of names, for the control plane.

        Raises:
            EmulatorError: There is none, and it is not to be created.
        """
        folder = self.folder_by_reference(path)
        if folder:
            return folder
        names = [name for name in path.split("/") if name]
        folder = self.well_known.get(names[0].lower()) if names else None
        names = names[1:] if folder else names
        folder = folder or self.root
        for name in names:
            found = next((child for child in folder.children if child.display_name.lower() == name.lower()), None)
            if found is None and not create:
                raise EmulatorError(f"{self.address} has no folder {path!r}")
            folder = found or self.add_folder(folder, name)
        return folder

    # -- messages

    def add_message(
        self,
        file: Path,
        folder: Folder,
        received: datetime,
        *,
        key: str | None = None,
        is_read: bool = False,
        is_draft: bool = False,
    ) -> Message:
        """Put a mail into a folder; without a key it gets the next number of the mailbox."""
        if key is None:
            self.delivered += 1
            key = f"{self.delivered:08d}"
        message = Message(
            key,
            self.ids.immutable(key),
            self.ids.default(key, 0),
            None,
            file,
            received,
            self.clock.utc(),
            is_read,
            is_draft,
        )
        self.everything[message.immutable_id] = message
        self.by_id[message.immutable_id] = message
        self._enter(message, folder)
        return message

    def next_file(self) -> Path:
        """A path for the next mail's bytes; it never tells anything of the mail."""
        self.created += 1
        self.directory.mkdir(parents=True, exist_ok=True)
        return self.directory / f"{self.created:08d}.eml"

    def find(self, identifier: str) -> Message | None:
        """The message with this id of either format that is still there; ids are case-sensitive."""
        return self.by_id.get(identifier)

    def move(self, message: Message, target: Folder) -> None:
        """Move: another default id, the same immutable id."""
        self._leave(message)
        message.moves += 1
        message.default_id = self.ids.default(message.key, message.moves)
        self.touch(message)
        self._enter(message, target)

    def copy(self, message: Message, target: Folder) -> Message:
        """Copy: a new item. Its id follows from the original's, so that it is the same in each run."""
        message.copies += 1
        copy = self.add_message(
            message.file, target, message.received, key=f"{message.key}-copy{message.copies}", is_read=message.is_read
        )
        copy.categories, copy.flag, copy.importance = list(message.categories), dict(message.flag), message.importance
        return copy

    def remove(self, message: Message, how: Literal["recoverable", "purged"]) -> None:
        """Take the message out of reach."""
        message.last_folder = message.folder.path if message.folder else ""
        self._leave(message)
        del self.by_id[message.immutable_id]
        message.folder = None
        message.gone = how

    def changed(self, message: Message) -> None:
        """A property has another value: tell delta queries and subscriptions."""
        if message.folder is None:
            return
        self.touch(message)
        message.folder.journal.append(Change("updated", message, message.default_id))
        self.on_change(self, message.folder, message, "updated")

    def touch(self, message: Message) -> None:
        """Another version of the message."""
        message.version += 1
        message.modified = self.clock.utc()

    def _enter(self, message: Message, folder: Folder) -> None:
        message.folder = folder
        message.been.append(folder.path)
        folder.messages[message.immutable_id] = message
        folder.newest_first = None
        self.by_id[message.default_id] = message
        folder.journal.append(Change("created", message, message.default_id))
        self.on_change(self, folder, message, "created")

    def _leave(self, message: Message) -> None:
        folder = message.folder
        if folder is None:
            raise EmulatorError("the message is gone")
        del folder.messages[message.immutable_id]
        folder.newest_first = None
        self.by_id.pop(message.default_id, None)
        folder.journal.append(Change("deleted", message, message.default_id))
        self.on_change(self, folder, message, "deleted")
