"""Folders: list, get, create, delta (Graph: user-list-mailfolders, mailfolder-list-childfolders, mailfolder-delta)."""

from __future__ import annotations

import base64

from emulator.errors import EmulatorError, GraphError, bad_request
from emulator.graph.call import Answer, Call, Json, endpoint
from emulator.graph.views import folder_json, page, query_string
from emulator.state import Folder


def _selected(call: Call, folder: Folder) -> Json:
    shown = folder_json(folder)
    wanted = call.query.get("$select")
    if not wanted:
        return shown
    names = {name.strip().lower() for name in wanted.split(",")} | {"id", "@odata.type"}
    return {name: value for name, value in shown.items() if name.lower() in names}


def _list(call: Call, parent: Folder, context: str) -> Answer:
    """Direct children only; hidden ones where they are asked for. A page is 10 folders."""
    hidden = call.query.get("includeHiddenFolders", "").lower() == "true"
    top, skip = call.integer("$top", 10, 1, 1000), call.integer("$skip", 0, 0, 1_000_000)
    children = [child for child in parent.children if hidden or not child.hidden]
    chosen = [_selected(call, folder) for folder in children[skip : skip + top]]
    return Answer(body=page(call, chosen, skip, top, len(children), context))


@endpoint("GET", "mailfolders", kind="folders")
def list_folders(call: Call) -> Answer:
    """The folders below the root."""
    return _list(call, call.mailbox.root, "mailFolders")


@endpoint("GET", "mailfolders/*/childfolders", kind="folders")
def list_child_folders(call: Call) -> Answer:
    """The folders below one."""
    return _list(call, call.folder(call.ids[0]), f"mailFolders('{call.ids[0]}')/childFolders")


@endpoint("GET", "mailfolders/*", kind="folders")
def get_folder(call: Call) -> Answer:
    """One folder, by its id or well-known name."""
    return Answer(
        body={"@odata.context": call.context("mailFolders/$entity"), **_selected(call, call.folder(call.ids[0]))}
    )


def _create(call: Call, parent: Folder) -> Answer:
    body = call.json()
    name = str(body.get("displayName") or "").strip()
    if not name:
        raise bad_request("The property 'displayName' is required.", "ErrorInvalidRequest")
    try:
        folder = call.mailbox.add_folder(parent, name, hidden=bool(body.get("isHidden", False)))
    except EmulatorError:
        raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.") from None
    return Answer(201, {"@odata.context": call.context("mailFolders/$entity"), **folder_json(folder)})


@endpoint("POST", "mailfolders", kind="folder_create", access="write")
def create_folder(call: Call) -> Answer:
    """A new folder below the root."""
    return _create(call, call.mailbox.root)


@endpoint("POST", "mailfolders/*/childfolders", kind="folder_create", access="write")
def create_child_folder(call: Call) -> Answer:
    """A new folder below one."""
    return _create(call, call.folder(call.ids[0]))


@endpoint("POST", "translateexchangeids", kind="get")
def translate_ids(call: Call) -> Answer:
    """Up to 1,000 ids from one format to the other (Graph: user-translateexchangeids)."""
    body = call.json()
    ids, target = body.get("inputIds", []), body.get("targetIdType")
    if not isinstance(ids, list) or len(ids) > 1000 or target not in ("restId", "restImmutableEntryId"):
        raise bad_request("The parameters are invalid.", "ErrorInvalidRequest")
    value: list[Json] = []
    for identifier in ids:
        message = call.mailbox.find(str(identifier))
        if message is None:
            error = {"code": "ErrorItemNotFound", "message": "The specified object was not found in the store."}
            value.append({"sourceId": identifier, "errorDetails": error})
        else:
            translated = message.immutable_id if target == "restImmutableEntryId" else message.default_id
            value.append({"sourceId": identifier, "targetId": translated})
    return Answer(body={"@odata.context": f"{call.base}/$metadata#Collection(convertIdResult)", "value": value})


@endpoint("GET", "mailfolders/delta", kind="folders")
def folders_delta(call: Call) -> Answer:
    """All folders of the tree at first, later those that were added (the emulator neither renames nor removes
    folders)."""
    mailbox = call.mailbox
    token = call.query.get("$deltatoken") or call.query.get("$skiptoken")
    if token is None:
        start, end = 0, len(mailbox.folder_changes)
    else:
        try:
            start, end = (int(part) for part in base64.urlsafe_b64decode(token).split(b"."))
        except ValueError:
            raise GraphError(410, "SyncStateInvalid", "The sync state is invalid.") from None
        if "$deltatoken" in call.query:
            end = len(mailbox.folder_changes)
    size = min(max(int(call.prefer.get("odata.maxpagesize", "10") or 10), 1), 1000)
    ids = mailbox.folder_changes[start : min(start + size, end)]
    body: Json = {
        "@odata.context": f"{call.base}/$metadata#Collection(mailFolder)",
        "value": [_selected(call, mailbox.folders[folder_id]) for folder_id in ids],
    }
    reached = start + len(ids)
    more = reached < end
    state = base64.urlsafe_b64encode(f"{reached}.{end}".encode()).decode()
    query = {name: value for name, value in call.query.items() if name == "$select"}
    query["$skiptoken" if more else "$deltatoken"] = state
    link = f"{call.base}/users('{mailbox.user_id}')/mailfolders/delta{query_string(query)}"
    body["@odata.nextLink" if more else "@odata.deltaLink"] = link
    return Answer(body=body)
