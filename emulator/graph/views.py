"""Messages and folders as Graph shows them (Graph: resources/message, resources/mailfolder)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from emulator.clock import iso
from emulator.errors import bad_request
from emulator.graph.call import Call, Json
from emulator.graph.odata import conversation_id
from emulator.mime import Address, read_body
from emulator.state import Folder, Message


def _recipient(address: Address | None) -> Json | None:
    return address.json() if address else None


def _body(call: Call, message: Message) -> Json:
    kind, text = read_body(message.file)
    wanted = call.prefer.get("outlook.body-content-type", kind)
    return {"contentType": wanted, "content": text}


def _read_receipt(message: Message) -> bool:
    return message.summary.read_receipt if message.read_receipt is None else message.read_receipt


def _headers(message: Message) -> list[Json]:
    return [{"name": name, "value": value} for name, value in message.headers()]


_PROPERTIES: dict[str, Callable[[Call, Message], object]] = {
    "createdDateTime": lambda c, m: iso(m.received),
    "lastModifiedDateTime": lambda c, m: iso(m.modified),
    "changeKey": lambda c, m: m.change_key,
    "categories": lambda c, m: m.categories,
    "receivedDateTime": lambda c, m: iso(m.received),
    "sentDateTime": lambda c, m: iso(m.received),
    "hasAttachments": lambda c, m: m.has_attachments(inline_counts=c.world.behaviour.inline_counts_as_attachment),
    "internetMessageId": lambda c, m: m.summary.message_id or None,
    "subject": lambda c, m: m.summary.subject,
    "bodyPreview": lambda c, m: read_body(m.file)[1][:255],
    "importance": lambda c, m: m.importance or m.summary.importance,
    "parentFolderId": lambda c, m: m.folder.id if m.folder else None,
    "conversationId": lambda c, m: conversation_id(m),
    "isDeliveryReceiptRequested": lambda c, m: False,
    "isReadReceiptRequested": lambda c, m: _read_receipt(m),
    "isRead": lambda c, m: m.is_read,
    "isDraft": lambda c, m: m.is_draft,
    "webLink": lambda c, m: "https://outlook.office365.com/owa/?ItemID=" + m.default_id,
    "inferenceClassification": lambda c, m: m.inference,
    "body": _body,
    "sender": lambda c, m: _recipient(m.summary.sender),
    "from": lambda c, m: _recipient(m.summary.from_),
    "toRecipients": lambda c, m: [a.json() for a in m.summary.to],
    "ccRecipients": lambda c, m: [a.json() for a in m.summary.cc],
    "bccRecipients": lambda c, m: [a.json() for a in m.summary.bcc],
    "replyTo": lambda c, m: [a.json() for a in m.summary.reply_to],
    "flag": lambda c, m: m.flag,
}
_ON_REQUEST: dict[str, Callable[[Call, Message], object]] = {
    "internetMessageHeaders": lambda c, m: _headers(m),
    "uniqueBody": _body,
}
LEAN = [name for name in _PROPERTIES if name not in ("body", "bodyPreview", "hasAttachments")]
"""What the answers to changes show: Graph shows the body too, but nobody reads it there, and it costs a parse of the
mail."""
_BY_LOWER = {name.lower(): (name, show) for name, show in (_PROPERTIES | _ON_REQUEST).items()}
_SIZE = "0x0E08"
"""The MAPI property of a message's size; it can be asked for with ``$expand=singleValueExtendedProperties``."""


def message_json(call: Call, message: Message, select: list[str] | None, *, extended: bool = True) -> Json:
    """A message with the selected properties; the id and etag always come along.

    Internet headers come only when they are selected. Delta never returns extended properties.
    """
    shown: Json = {"@odata.etag": message.etag, "id": call.id_of(message)}
    if select is None:
        for name, show in _PROPERTIES.items():
            shown[name] = show(call, message)
    else:
        for wanted in select:
            found = _BY_LOWER.get(wanted.lower())
            if found:
                shown[found[0]] = found[1](call, message)
            elif wanted.lower() != "id":
                raise bad_request(
                    f"Could not find a property named '{wanted}' on type 'microsoft.graph.message'.",
                    "RequestBroker--ParseUri",
                )
    if extended and _SIZE in call.query.get("$expand", ""):
        size = str(message.file.stat().st_size)
        shown["singleValueExtendedProperties"] = [{"id": "Integer 0xe08", "value": size}]
    return shown


def folder_json(folder: Folder) -> Json:
    """A folder; search folders have a type of their own."""
    shown: Json = {
        "id": folder.id,
        "displayName": folder.display_name,
        "parentFolderId": folder.parent.id if folder.parent else None,
        "childFolderCount": len(folder.children),
        "unreadItemCount": sum(not message.is_read for message in folder.messages.values()),
        "totalItemCount": len(folder.messages),
        "isHidden": folder.hidden,
    }
    if folder.is_search:
        shown |= {
            "@odata.type": "#microsoft.graph.mailSearchFolder",
            "isSupported": True,
            "includeNestedFolders": True,
            "sourceFolderIds": [folder.parent.id if folder.parent else folder.id],
            "filterQuery": "contains(subject, 'report')",
        }
    return shown


def page(call: Call, values: list[Json], skip: int, top: int, total: int, context: str) -> Json:
    """One page of a listing, with a nextLink where more follows; the link keeps the other query options."""
    body: Json = {"@odata.context": call.context(context), "value": values}
    if call.query.get("$count", "").lower() == "true":
        body["@odata.count"] = total
    if skip + top < total:
        body["@odata.nextLink"] = call.base + call.url.path + query_string({**call.query, "$skip": str(skip + top)})
    return body


def query_string(query: dict[str, str]) -> str:
    """The query options, encoded as Graph does in its links."""
    return "?" + "&".join(f"{quote(name, safe='$')}={quote(value, safe=',')}" for name, value in query.items())
