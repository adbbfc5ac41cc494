"""``$batch`` (Graph: json-batching): up to 20 requests, four at a time or in the order of ``dependsOn``."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import random
from typing import TYPE_CHECKING, Any

from emulator.errors import GraphError, bad_request
from emulator.faults import Fault
from emulator.graph.access import authenticate
from emulator.graph.call import Answer, FileBody, Incoming, Json
from emulator.graph.replies import read_file

if TYPE_CHECKING:
    from emulator.graph.service import Graph

_MOST = 20
_PARALLEL = 4


async def run_batch(graph: Graph, incoming: Incoming) -> Answer:
    """200 with the answers in any order; 400 for the whole where the batch itself is wrong."""
    graph.world.round_trips["batch"] += 1
    try:
        authenticate(graph.world, incoming.headers.get("Authorization", ""))
        items = _read(incoming.body)
    except GraphError as error:
        return graph.error(error)
    done: dict[str, Json] = {}
    if any(item.get("dependsOn") for item in items):
        for item in items:
            failed = [name for name in item.get("dependsOn", []) if done[str(name).lower()]["status"] >= 400]
            done[_id(item)] = _failed_dependency(item) if failed else await _run(graph, incoming, item)
    else:
        slots = asyncio.Semaphore(_PARALLEL)

        async def run(item: Json) -> None:
            async with slots:
                done[_id(item)] = await _run(graph, incoming, item)

        for failure in await asyncio.gather(*map(run, items), return_exceptions=True):
            if failure is not None:
                raise failure
    responses = list(done.values())
    random.Random(len(incoming.body)).shuffle(responses)
    return Answer(200, {"responses": responses})


def _id(item: Json) -> str:
    return str(item["id"]).lower()


def _read(raw: bytes) -> list[Json]:
    """The requests of a batch. ``depends_on`` and other names that Graph does not know are ignored."""
    try:
        items = json.loads(raw)["requests"]
    except (ValueError, KeyError, TypeError):
        raise bad_request("Invalid batch payload format.") from None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise bad_request("Invalid batch payload format.")
    if len(items) > _MOST:
        raise bad_request(
            f"Number of batch request steps exceeds the maximum value of {_MOST}.", "MaximumValueExceeded"
        )
    seen: set[str] = set()
    for item in items:
        if not item.get("id") or not item.get("method") or not item.get("url"):
            raise bad_request("Each request of a batch needs 'id', 'method' and 'url'.")
        if _id(item) in seen:
            raise bad_request(f"Request Id {item['id']} has to be unique in a batch.")
        if "body" in item and not any(name.lower() == "content-type" for name in item.get("headers", {})):
            raise bad_request(f"Write request id : {item['id']} does not contain Content-Type header or body.")
        for name in item.get("dependsOn", []):
            if str(name).lower() not in seen:
                raise bad_request(f"Invalid dependency for request Id {item['id']}.")
        seen.add(_id(item))
    return items


def _failed_dependency(item: Json) -> Json:
    error = {"code": "FailedDependency", "message": "A request that this one depends on has failed."}
    return {"id": item["id"], "status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}


async def _run(graph: Graph, outer: Incoming, item: Json) -> Json:
    headers = {str(name): str(value) for name, value in item.get("headers", {}).items()}
    lowered = {name.lower() for name in headers}
    if "authorization" not in lowered:
        headers["Authorization"] = outer.headers.get("Authorization", "")
    for name in list(headers):
        if name.lower() == "content-type":
            headers["Content-Type"] = headers[name]
    url = str(item["url"])
    inner = Incoming(
        str(item["method"]).upper(), url if url.startswith("/") else f"/{url}", headers, _body(item), in_batch=True
    )
    answers: list[Answer] = []

    async def keep(answer: Answer, _fault: Fault | None) -> None:
        answers.append(answer)

    await graph.execute(inner, keep)
    return _shown(item, answers[0])


def _body(item: Json) -> bytes:
    body = item.get("body")
    if body is None:
        return b""
    if isinstance(body, str):
        try:
            return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            raise bad_request("The body of a batched request is no base64url.") from None
    return json.dumps(body).encode()


def _shown(item: Json, answer: Answer) -> Json:
    shown: dict[str, Any] = {"id": item["id"], "status": answer.status, "headers": dict(answer.headers)}
    body = answer.body
    if isinstance(body, FileBody):
        shown["headers"]["Content-Type"] = body.content_type
        shown["body"] = base64.b64encode(read_file(body.path)).decode()
    elif isinstance(body, bytes):
        shown["body"] = base64.b64encode(body).decode()
    elif body is not None:
        shown["headers"]["Content-Type"] = "application/json"
        shown["body"] = body
    return shown
