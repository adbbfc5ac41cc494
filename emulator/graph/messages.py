"""Messages: list and get (Graph: user-list-messages, message-get)."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.errors import GraphError
from emulator.graph.call import Answer, Call, Json, endpoint
from emulator.graph.odata import read_filter, read_order, read_select, sort_key
from emulator.graph.views import message_json, page
from emulator.state import Folder, Message


def _list(call: Call, messages: list[Message] | None, everything: Iterable[Message], context: str) -> Answer:
    """A page is 10 messages, or ``$top`` up to 1,000; newest first where nothing else is asked for."""
    if "$search" in call.query:
        raise GraphError(400, "SearchNotSupported", "The emulator does not search.")
    top, skip = call.integer("$top", 10, 1, 1000), call.integer("$skip", 0, 0, 10_000_000)
    test, _ = read_filter(call.query)
    order, select = read_order(call.query), read_select(call.query)
    if messages is None or (order and order != ("receiveddatetime", True)):
        name, descending = order or ("receiveddatetime", True)
        messages = sorted(everything, key=sort_key(name), reverse=descending)
    if test:
        messages = [message for message in messages if test(message)]
    values = [message_json(call, message, select) for message in messages[skip : skip + top]]
    return Answer(body=page(call, values, skip, top, len(messages), context))


@endpoint("GET", "messages", kind="list")
def list_messages(call: Call) -> Answer:
    """The messages of all folders."""
    everything = (m for folder in call.mailbox.folders.values() if not folder.hidden for m in folder.messages.values())
    return _list(call, None, everything, "messages")


@endpoint("GET", "mailfolders/*/messages", kind="list")
def list_folder_messages(call: Call) -> Answer:
    """The messages of one folder; a search folder shows those that it found."""
    folder = call.folder(call.ids[0])
    if folder.is_search:
        found = [
            m for f in (folder.parent or folder).walk() for m in f.messages.values() if "report" in m.summary.subject
        ]
        return _list(call, None, found, f"mailFolders('{call.ids[0]}')/messages")
    return _list(call, folder.sorted_messages(), folder.messages.values(), f"mailFolders('{call.ids[0]}')/messages")


@endpoint("GET", "mailfolders/*/messages/$count", kind="list")
def count_messages(call: Call) -> Answer:
    """How many messages a folder has, as text."""
    folder: Folder = call.folder(call.ids[0])
    test, _ = read_filter(call.query)
    count = sum(test is None or test(message) for message in folder.messages.values())
    return Answer(body=str(count).encode(), headers={"Content-Type": "text/plain"})


@endpoint("GET", "messages/*", kind="get")
def get_message(call: Call) -> Answer:
    """One message."""
    shown: Json = {"@odata.context": call.context("messages/$entity")}
    shown.update(message_json(call, call.own_message(), read_select(call.query)))
    return Answer(body=shown)
