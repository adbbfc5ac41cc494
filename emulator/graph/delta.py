"""Delta queries over the messages of a folder (Graph: message-delta, delta-query-overview, delta-query-messages)."""

from __future__ import annotations

import base64
import json
from collections import OrderedDict

from emulator.errors import GraphError, bad_request
from emulator.graph.call import Answer, Call, Json, endpoint
from emulator.graph.odata import read_filter
from emulator.graph.views import message_json, query_string
from emulator.state import Change, ChangeKind, Folder, Message, SyncState

FILTERED_LIMIT = 5000
_CHANGE_TYPES = {"created", "updated", "deleted"}


@endpoint("GET", "mailfolders/*/messages/delta", kind="delta")
def messages_delta(call: Call) -> Answer:
    """One page of a round: a new round without a token, else what follows the link."""
    folder = call.folder(call.ids[0])
    token = call.query.get("$skiptoken") or call.query.get("$deltatoken")
    if token:
        options, chain, generation = _read_token(token)
        state = _recall(call, folder, chain, generation)
        if "$deltatoken" in call.query:
            state = _next_round(call, folder, state, options)
    else:
        options = _read_options(call)
        folder.generation += 1
        chain = str(folder.generation) if call.world.behaviour.delta_generation_scope == "chain" else ""
        state = _first_round(folder, options)
    return _page(call, folder, state, options, chain)


# -- options and tokens


def _read_options(call: Call) -> dict[str, str]:
    """The options of the first request; they travel in the token."""
    query = call.query
    if "$search" in query:
        raise bad_request("The query option '$search' is not supported on delta.")
    if query.get("changeType", "created") not in _CHANGE_TYPES:
        raise bad_request("The value of 'changeType' is invalid.")
    if "$orderby" in query and query["$orderby"].lower().split() != ["receiveddatetime", "desc"]:
        raise bad_request("The query option '$orderby' is only supported as 'receivedDateTime desc'.")
    filtered = query.get("$filter", "").split()
    if filtered and (
        len(filtered) != 3 or filtered[0].lower() != "receiveddatetime" or filtered[1] not in ("ge", "gt")
    ):
        raise bad_request("The query option '$filter' is only supported on 'receivedDateTime' with 'ge' or 'gt'.")
    if "$top" in query and call.world.behaviour.delta_top == "rejected":
        raise bad_request("The query option '$top' is not supported on delta.")
    return {name: query[name] for name in ("$select", "$filter", "changeType", "$top") if name in query}


def _read_token(token: str) -> tuple[dict[str, str], str, int]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(token))
        return dict(raw["o"]), str(raw["c"]), int(raw["g"])
    except (ValueError, KeyError, TypeError):
        raise GraphError(400, "SyncStateInvalid", "The sync state is invalid.") from None


def _token(options: dict[str, str], chain: str, generation: int) -> str:
    text = json.dumps({"o": options, "c": chain, "g": generation}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _recall(call: Call, folder: Folder, chain: str, generation: int) -> SyncState:
    """The remembered state, or 410: the client has to begin again."""
    kept = folder.generations.get(chain, OrderedDict())
    state = kept.get(generation)
    if state is None:
        known = "".join(f"[{number}]" for number in kept)
        headers = {}
        if call.world.behaviour.delta_gone_location:
            headers["Location"] = f"{_link_base(call, folder)}?$deltatoken="
        text = f"The sync state generation is not found; generation={generation};[highest={folder.generation}]{known}."
        raise GraphError(410, "SyncStateNotFound", text, headers)
    return state


def _remember(call: Call, folder: Folder, chain: str, state: SyncState) -> int:
    """Keep the state as the newest generation, and forget the oldest."""
    folder.generation += 1
    kept = folder.generations.setdefault(chain, OrderedDict())
    kept[folder.generation] = state
    limit = call.world.behaviour.delta_generations_kept
    while limit and len(kept) > limit:
        kept.popitem(last=False)
    return folder.generation


# -- rounds


def _first_round(folder: Folder, options: dict[str, str]) -> SyncState:
    """All messages of the folder; with a filter at most 5,000 of them."""
    messages = folder.sorted_messages()
    test, _ = read_filter(options)
    if test:
        messages = [message for message in messages if test(message)][:FILTERED_LIMIT]
    pending = [Change("created", message, message.default_id) for message in messages]
    return SyncState(pending, 0, len(folder.journal), first_round=True)


def _next_round(call: Call, folder: Folder, state: SyncState, options: dict[str, str]) -> SyncState:
    """What the journal tells since, one entry for each id."""
    wanted = {options["changeType"]} if "changeType" in options else _CHANGE_TYPES
    if wanted == {"created"} and call.world.behaviour.delta_created_tells_removed:
        wanted = {"created", "deleted"}
    pending = [change for change in _collapse(call, folder, state.journal) if change.kind in wanted]
    return SyncState(pending, 0, len(folder.journal), first_round=False)


def _collapse(call: Call, folder: Folder, start: int) -> list[Change]:
    """The journal's lines as the client sees them, with the ids that it asked for.

    With default ids a message that left and came back is another one. With immutable ids it has one id, and the
    removal can be the last that is told of it (microsoftgraph/microsoft-graph-docs-contrib#72).
    """
    lines: dict[tuple[Message, str], list[Change]] = {}
    for change in folder.journal[start:]:
        key = (change.message, "" if call.immutable else change.default_id)
        lines.setdefault(key, []).append(change)
    collapsed: list[Change] = []
    for history in lines.values():
        first, last = history[0], history[-1]
        left = [change for change in history if change.kind == "deleted"]
        if last.kind == "deleted":
            if first.kind != "created":
                collapsed.append(last)
        elif left and first.kind != "created" and call.world.behaviour.delta_immutable_return_is_lost:
            collapsed.append(left[-1])
        else:
            kind: ChangeKind = "created" if any(change.kind == "created" for change in history) else "updated"
            collapsed.append(Change(kind, last.message, last.default_id))
    return collapsed


# -- pages


def _link_base(call: Call, folder: Folder) -> str:
    return f"{call.base}/users('{call.mailbox.user_id}')/mailfolders('{folder.id}')/messages/delta"


def _page(call: Call, folder: Folder, state: SyncState, options: dict[str, str], chain: str) -> Answer:
    """The next entries; exactly one of nextLink and deltaLink. A page may be empty and still have a nextLink."""
    behaviour = call.world.behaviour
    size = call.prefer.get("odata.maxpagesize", "10")
    limit = min(max(int(size) if size.isdecimal() else 10, 1), behaviour.delta_page_size_cap)
    if state.pages == 0 and behaviour.delta_empty_pages:
        limit = 0
    end = len(state.pending)
    if behaviour.delta_top == "total" and "$top" in options and options["$top"].isdecimal():
        end = min(end, int(options["$top"]))
    chosen = state.pending[state.offset : min(state.offset + limit, end)]
    if behaviour.delta_duplicates and state.offset and chosen:
        chosen = [state.pending[state.offset - 1], *chosen]
    select = [name.strip() for name in options["$select"].split(",")] if options.get("$select") else None
    values = [shown for change in chosen if (shown := _shown(call, folder, state, change, select)) is not None]
    reached = min(state.offset + limit, end)
    more = reached < end or (limit == 0 and state.pages == 0)
    kept = SyncState(state.pending if more else [], reached, state.journal, state.first_round, state.pages + 1)
    token = _token(options, chain, _remember(call, folder, chain, kept))
    name = "$skiptoken" if more else "$deltatoken"
    body: Json = {
        "@odata.context": f"{call.base}/$metadata#Collection(message)",
        "@odata.nextLink" if more else "@odata.deltaLink": _link_base(call, folder) + query_string({name: token}),
        "value": values,
    }
    return Answer(body=body, headers={"Preference-Applied": "odata.track-changes"})


def _shown(call: Call, folder: Folder, state: SyncState, change: Change, select: list[str] | None) -> Json | None:
    message = change.message
    here = message.folder is folder and (call.immutable or message.default_id == change.default_id)
    if change.kind != "deleted" and (here or not state.first_round):
        if here:
            shown = message_json(call, message, select, extended=False)
            return {"@odata.type": "#microsoft.graph.message", **shown}
        return None
    if change.kind == "deleted" or call.world.behaviour.delta_removed_in_first_round:
        identifier = message.immutable_id if call.immutable else change.default_id
        return {"@odata.type": "#microsoft.graph.message", "id": identifier, "@removed": {"reason": "deleted"}}
    return None
