"""One request to Graph apart from the wire, the table of what exists, and how a URL is read."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from emulator.errors import GraphError, bad_request, id_malformed, item_not_found
from emulator.ids import is_well_formed
from emulator.keys import Claims
from emulator.state import Folder, Mailbox, Message
from emulator.world import World

if TYPE_CHECKING:
    from emulator.graph.subscriptions import Subscriptions

Json = dict[str, Any]

COLLECTIONS = {"users", "mailfolders", "childfolders", "messages", "attachments", "subscriptions"}
_FUNCTIONS = {"delta", "$count"}
_KEYED = re.compile(r"([A-Za-z]+)\('(.*)'\)", re.DOTALL)


@dataclass(slots=True)
class FileBody:
    """A body that is streamed from a file, in chunks and without its length."""

    path: Path
    content_type: str


@dataclass(slots=True)
class Answer:
    """What goes back: JSON, bytes, a file, or nothing."""

    status: int = 200
    body: Json | bytes | FileBody | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Incoming:
    """A request as it came, alone or inside of a batch."""

    method: str
    raw_url: str
    headers: Mapping[str, str]
    body: bytes
    in_batch: bool = False


@dataclass(slots=True)
class Url:
    """A path as a key of the table (``mailfolders/*/messages/delta``), its ids, and the query."""

    key: str
    ids: list[str]
    query: dict[str, str]
    path: str


def read_url(raw: str) -> Url:
    """Read a path below the version prefix, in any form that the SDKs send.

    Double slashes, segments in any case, ``users('x')``, ``delta()`` and ``microsoft.graph.delta()``, percent-encoded
    ids.
    """
    path, _, query = raw.partition("?")
    key: list[str] = []
    ids: list[str] = []
    expects_id = False
    for segment in path.split("/"):
        if not segment:
            continue
        text = unquote(segment)
        keyed = _KEYED.fullmatch(text)
        if keyed:
            key += [keyed[1].lower(), "*"]
            ids.append(keyed[2].replace("''", "'"))
            expects_id = False
            continue
        name = text.removesuffix("()").lower().removeprefix("microsoft.graph.")
        if expects_id and name not in _FUNCTIONS:
            key.append("*")
            ids.append(text)
            expects_id = False
        else:
            key.append(name)
            expects_id = name in COLLECTIONS
    return Url("/".join(key), ids, dict(parse_qsl(query, keep_blank_values=True)), path)


def read_prefer(value: str) -> dict[str, str]:
    """The preferences of all Prefer headers, which clients also join with commas; names in lower case."""
    preferences: dict[str, str] = {}
    for item in value.split(","):
        name, _, setting = item.strip().partition("=")
        if name:
            preferences[name.strip().lower()] = setting.strip().strip('"')
    return preferences


@dataclass(slots=True)
class Call:
    """A request that has been let in."""

    world: World
    claims: Claims
    method: str
    url: Url
    headers: Mapping[str, str]
    prefer: dict[str, str]
    raw_body: bytes
    base: str
    mailbox: Mailbox
    ids: list[str]
    subscriptions: Subscriptions

    @property
    def query(self) -> dict[str, str]:
        """The query options."""
        return self.url.query

    @property
    def immutable(self) -> bool:
        """Whether this request asked for immutable ids (Graph: outlook-immutable-id)."""
        return self.prefer.get("idtype", "").lower() == "immutableid"

    def id_of(self, message: Message) -> str:
        """The message's id in the format of this request."""
        return message.immutable_id if self.immutable else message.default_id

    def json(self) -> Json:
        """The body as a JSON object."""
        try:
            body = json.loads(self.raw_body or b"{}")
        except ValueError:
            raise bad_request("Unable to read JSON request payload.") from None
        if not isinstance(body, dict):
            raise bad_request("Unable to read JSON request payload.")
        return body

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A number of the query."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdecimal() or not low <= int(text) <= high:
            raise bad_request(f"The value of the query option '{name}' must be from {low} to {high}.")
        return int(text)

    def folder(self, identifier: str) -> Folder:
        """The folder with this id or well-known name."""
        folder = self.mailbox.folder_by_reference(identifier)
        if folder is None:
            raise item_not_found() if is_well_formed(identifier) else id_malformed()
        return folder

    def message(self, identifier: str, folder: Folder | None = None) -> Message:
        """The message with this id of either format, in the folder where one is named."""
        message = self.mailbox.find(identifier)
        if message is None:
            raise item_not_found() if is_well_formed(identifier) else id_malformed()
        if folder is not None and message.folder is not folder:
            raise item_not_found()
        return message

    def own_message(self) -> Message:
        """The message that the URL names."""
        return self.message(self.ids[0])

    def context(self, what: str) -> str:
        """The @odata.context."""
        return f"{self.base}/$metadata#users('{self.mailbox.user_id}')/{what}"


Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers a method on a path below a user, its kind for counting, and the access it needs."""

    handler: Handler
    kind: str
    access: str


ENDPOINTS: dict[str, dict[str, Endpoint]] = {}


def endpoint(method: str, key: str, *, kind: str, access: str = "read") -> Callable[[Handler], Handler]:
    """Register a handler for a path below ``users/*``."""

    def register(handler: Handler) -> Handler:
        ENDPOINTS.setdefault(key, {})[method] = Endpoint(handler, kind, access)
        return handler

    return register


def find_endpoint(method: str, key: str) -> Endpoint:
    """What answers here.

    Raises:
        GraphError: Nothing does (400, as Graph says it), or not to this method (405).
    """
    methods = ENDPOINTS.get(key)
    if methods is None:
        raise bad_request(f"Resource not found for the segment '{key.rpartition('/')[2]}'.")
    found = methods.get(method)
    if found is None:
        raise GraphError(
            405, "Request_BadRequest", f"The method {method} is not allowed here.", {"Allow": ", ".join(methods)}
        )
    return found
