"""How a request to Graph goes: token, route, access, allowance, fault, latency, handler, answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable

from aiohttp import web

from emulator.clock import iso
from emulator.errors import GraphError
from emulator.faults import Fault
from emulator.graph import changes, content, delta, drafts, folders, messages  # noqa: F401 (they register their endpoints)
from emulator.graph.access import authenticate, check_access, delivers, find_mailbox
from emulator.graph.batch import run_batch
from emulator.graph.call import Answer, Call, Endpoint, Incoming, Json, Url, find_endpoint, read_prefer, read_url
from emulator.graph.replies import ConnectionCut, send_answer
from emulator.graph.subscriptions import Subscriptions
from emulator.keys import Claims
from emulator.limits import Lane
from emulator.world import World

Send = Callable[[Answer, Fault | None], Awaitable[None]]
_ECHOED = ("idtype", "odata.maxpagesize", "outlook.body-content-type", "outlook.timezone")


class Graph:
    """Answers requests below ``/v1.0``."""

    def __init__(self, world: World, subscriptions: Subscriptions) -> None:
        self.world = world
        self.subscriptions = subscriptions
        self.base = ""
        self._serial = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One HTTP request."""
        self.world.round_trips["graph"] += 1
        raw_url = request.raw_path[len("/v1.0") :]
        incoming = Incoming(request.method, raw_url, request.headers, await request.read())
        self._serial += 1
        request_id = f"{self._serial:08x}-0000-4000-8000-{self._serial:012x}"
        sent: list[web.StreamResponse] = []

        async def send(answer: Answer, fault: Fault | None) -> None:
            answer.headers.setdefault("request-id", request_id)
            answer.headers.setdefault("client-request-id", request.headers.get("client-request-id", request_id))
            sent.append(await send_answer(request, answer, fault))

        try:
            if request.method == "POST" and raw_url.partition("?")[0].strip("/").lower() == "$batch":
                await self._outer("batch", raw_url, "", lambda: run_batch(self, incoming), send)
            else:
                await self.execute(incoming, send)
        except ConnectionCut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        return sent[0]

    async def execute(self, incoming: Incoming, send: Send) -> None:
        """Run one request, alone or of a batch; the slot is held until ``send`` has sent the last byte."""
        prefer = read_prefer(",".join(_all(incoming.headers, "Prefer")))
        url = read_url(incoming.raw_url)
        try:
            claims = authenticate(self.world, incoming.headers.get("Authorization", ""))
            if url.key.split("/", 1)[0] == "subscriptions":
                await self._outer(
                    "subscriptions",
                    url.path,
                    claims.app_id,
                    lambda: self._subscription(incoming, url, prefer, claims),
                    send,
                )
                return
            call, endpoint = self._call(incoming, url, prefer, claims)
        except GraphError as error:
            await send(self.error(error), None)
            return
        lane = self.world.limiter.lane(claims.app_id, call.mailbox.address)
        now = self.world.clock.now()
        if incoming.in_batch:
            lane.charged["batch_inner"] += 1
        refusal = self.world.limiter.enter(lane, endpoint.kind, now, self.world.behaviour)
        if refusal:
            headers = {"Retry-After": refusal.retry_after} if refusal.retry_after else {}
            code = self.world.behaviour.throttle_code
            await send(self.error(GraphError(429, code, refusal.message, headers)), None)
            return
        try:
            await self._run(call, endpoint, lane, send)
        finally:
            self.world.limiter.leave(lane)

    def _call(self, incoming: Incoming, url: Url, prefer: dict[str, str], claims: Claims) -> tuple[Call, Endpoint]:
        mailbox, key, ids = find_mailbox(self.world, url, claims)
        endpoint = find_endpoint(incoming.method, key)
        check_access(self.world, claims, url.ids[0], mailbox, endpoint.access)
        if mailbox is None or mailbox.tenant_id != claims.tenant_id:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{url.ids[0]}' is invalid.")
        call = Call(
            self.world, claims, incoming.method, url, incoming.headers, prefer, incoming.body, self.base, mailbox, ids,
            self.subscriptions,
        )  # fmt: skip
        return call, endpoint

    async def _run(self, call: Call, endpoint: Endpoint, lane: Lane, send: Send) -> None:
        world = self.world
        fault = self._fault(call, endpoint, lane) if world.faults.faults else None
        wait = world.latency_ms.get(endpoint.kind, 0.0) + (fault.delay_ms if fault else 0.0)
        if wait:
            await asyncio.sleep(wait / 1000)
        if fault and fault.mode == "before":
            await send(self.faulty(fault, lane), fault)
            return
        try:
            result = endpoint.handler(call)
            answer = await result if isawaitable(result) else result
        except GraphError as error:
            answer = self.error(error)
        if fault and fault.mode == "drop":
            raise ConnectionCut
        if fault and fault.mode == "after":
            answer = self.faulty(fault, lane)
        elif call.prefer:
            self._echo(call, answer)
        await send(answer, fault)

    async def _outer(self, kind: str, path: str, app: str, run: Callable[[], Awaitable[Answer]], send: Send) -> None:
        """A request that belongs to no mailbox: faults and latency apply, the allowance does not."""
        fault = self.world.faults.pick(kind, "", (), app, path)
        wait = self.world.latency_ms.get(kind, 0.0) + (fault.delay_ms if fault else 0.0)
        if wait:
            await asyncio.sleep(wait / 1000)
        lane = self.world.limiter.lane(app, "")
        if fault and fault.mode == "before":
            await send(self.faulty(fault, lane), fault)
            return
        answer = await run()
        if fault and fault.mode == "drop":
            raise ConnectionCut
        await send(self.faulty(fault, lane) if fault and fault.mode == "after" else answer, fault)

    def _fault(self, call: Call, endpoint: Endpoint, lane: Lane) -> Fault | None:
        ids: tuple[str, ...] = ()
        if call.ids:
            message = call.mailbox.find(call.ids[0])
            ids = (message.immutable_id, message.default_id) if message else (call.ids[0],)
        return self.world.faults.pick(endpoint.kind, lane.mailbox, ids, lane.app, call.url.path)

    def _echo(self, call: Call, answer: Answer) -> None:
        applied = [f'{name}="{value}"' if name != "odata.maxpagesize" else f"{name}={value}"
                   for name, value in call.prefer.items() if name in _ECHOED]  # fmt: skip
        if "Preference-Applied" in answer.headers:
            applied.insert(0, answer.headers["Preference-Applied"])
        if applied:
            answer.headers["Preference-Applied"] = ", ".join(applied).replace("idtype=", "IdType=")

    def faulty(self, fault: Fault, lane: Lane) -> Answer:
        """The answer that the script wants."""
        now = self.world.clock.now()
        headers = fault.wanted_headers(now)
        delay = fault.retry_after if fault.retry_after is not None else fault.retry_after_date
        if delay is None and headers.get("Retry-After", "").isdecimal():
            delay = float(headers["Retry-After"])
        if delay:
            self.world.limiter.block(lane, now + delay, now)
        if fault.status == 429:
            lane.throttled += 1
        if fault.body is not None:
            headers.setdefault("Content-Type", "text/plain")
            return Answer(fault.status, fault.body.encode(), headers)
        return self.error(GraphError(fault.status, fault.code, fault.message, headers))

    def error(self, error: GraphError) -> Answer:
        """Graph's error body (Graph: errors)."""
        inner: Json = {
            "date": iso(self.world.clock.utc())[:-1],
            "request-id": f"{self._serial:08x}-0000-4000-8000-{self._serial:012x}",
        }
        body: Json = {"code": error.code, "message": error.message, self.world.behaviour.inner_error_name: inner}
        return Answer(error.status, {"error": body}, dict(error.headers))

    async def _subscription(self, incoming: Incoming, url: Url, prefer: dict[str, str], claims: Claims) -> Answer:
        """``/subscriptions`` and what is below it."""
        self.world.round_trips["subscriptions"] += 1
        service = self.subscriptions
        if url.key == "subscriptions" and incoming.method == "GET":
            return service.listing(claims.app_id, claims.tenant_id)
        if url.key == "subscriptions" and incoming.method == "POST":
            body = _json(incoming.body)
            user, _ = service.watched_mailbox(str(body.get("resource", "")))
            mailbox = self.world.mailboxes.get(user.lower())
            check_access(self.world, claims, user, mailbox, "subscribe")
            if mailbox is None or mailbox.tenant_id != claims.tenant_id:
                raise GraphError(404, "ResourceNotFound", "The mailbox of the resource was not found.")
            immutable = prefer.get("idtype", "").lower() == "immutableid"
            silent = not delivers(self.world, claims, mailbox)
            return await service.create(
                body, mailbox, claims.app_id, claims.subject, immutable=immutable, silent=silent
            )
        if url.ids:
            subscription = service.owned(url.ids[0], claims.app_id)
            match incoming.method, url.key:
                case "GET", "subscriptions/*":
                    return service.get(subscription)
                case "PATCH", "subscriptions/*":
                    return await service.renew(subscription, _json(incoming.body))
                case "DELETE", "subscriptions/*":
                    service.remove(subscription)
                    return Answer(204)
                case "POST", "subscriptions/*/reauthorize":
                    return await service.reauthorize(subscription)
        raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def _all(headers: Mapping[str, str], name: str) -> list[str]:
    getall = getattr(headers, "getall", None)
    if getall is not None:
        return list(getall(name, []))
    return [value for key, value in headers.items() if key.lower() == name.lower()]


def _json(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.")
    return body
