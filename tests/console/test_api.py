"""The API: its description, its errors, its pages of lists, and requests that are sent twice."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse, Response

from shared.console import api
from shared.console.paging import page_of, read_cursor, write_cursor
from shared.console.problems import Invalid
from shared.console.repeated import once
from shared.console.visit import Visitor
from shared.errors import PermanentError, TransientError
from shared.model.person import Role
from tests.console.conftest import Browser, Visitors, person
from tests.flow.world import World

READER = person(Role.READER)
ASSIGN = f"/api/v1/people/{READER.object_id}/companies"


async def test_the_description(owner: Browser) -> None:
    document = (await owner.get("/api/v1/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"entra": []}]
    assert document["components"]["securitySchemes"]["entra"]["scheme"] == "bearer"
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["tags"], f"{method} {path}"
            assert operation["summary"], f"{method} {path}"
    assert {"/api/v1/companies", "/api/v1/configuration", "/api/v1/people"} <= document["paths"].keys()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/companies", 405, "not_possible"),
        ("GET", "/api/v1/people?limit=0", 422, "invalid"),
        ("GET", "/api/v1/people?cursor=%C3%BC", 422, "invalid"),
        ("PUT", "/api/v1/people/x/companies", 422, "invalid"),
        ("PUT", ASSIGN, 422, "invalid"),
    ],
)
async def test_errors_are_problem_details(owner: Browser, method: str, path: str, status: int, code: str) -> None:
    answer = await owner.http.request(method, path, headers={"X-CSRF-Token": await owner.token()})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:postrum:problem:{code}"
    assert (problem["status"], problem["code"], problem["instance"]) == (status, code, path.partition("?")[0])
    assert problem["title"]
    if status == 422:
        assert all(error["pointer"].startswith("/") and error["detail"] for error in problem["errors"])


async def test_people_and_their_companies(owner: Browser, world: World) -> None:
    headers = {"X-CSRF-Token": await owner.token()}
    unknown = await owner.http.put(ASSIGN, json={"companies": ["nordlys", "nothere"]}, headers=headers)
    assert unknown.status_code == 422
    assert [error["pointer"] for error in unknown.json()["errors"]] == ["/companies/1"]
    assert await world.app.members.every() == []

    answer = await owner.http.put(ASSIGN, json={"companies": ["nordlys"]}, headers=headers)

    assert answer.json()["companies"] == ["nordlys"]
    listed = (await owner.get("/api/v1/people")).json()
    assert [one["object_id"] for one in listed["people"]] == [READER.object_id]
    assert listed["next"] is None


async def test_lists_come_in_pages(owner: Browser, world: World) -> None:
    for number in range(5):
        await world.app.members.signed_in(person(Role.READER, number=number), world.clock())
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await owner.get("/api/v1/people", params={"limit": 2, "cursor": cursor})).json()
        found += [one["name"] for one in page["people"]]
        cursor = page["next"] or ""

    assert cursor == ""
    assert found == [f"Reader {number}" for number in range(5)]


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    items = list("abdef")
    first, following = page_of(items, 2, "", str)
    assert (first, read_cursor(following or "")) == (["a", "b"], "b")
    second, _ = page_of(["_", *items[:2], "c", *items[2:]], 2, following or "", str)
    assert second == ["c", "d"], "what was added before and after moves nothing"
    assert page_of(items, 5, "", str) == (items, None)
    assert page_of([], 5, "", str) == ([], None)
    assert page_of(items, 2, write_cursor("gone"), str)[0] == ["a", "b"]
    with pytest.raises(Invalid):
        read_cursor("é")


# -- requests that are sent again

COUNT: list[str] = []
router = APIRouter(tags=["test"])


@router.post("/counted", summary="Count")
async def counted(visit: Visitor, kind: str = "") -> Response:
    async def work() -> Response:
        COUNT.append(visit.person.name)
        if kind == "slow":
            await asyncio.sleep(0)
        if kind == "transient":
            raise TransientError("not now")
        if kind == "permanent":
            raise PermanentError("never")
        return JSONResponse({"number": len(COUNT)}, status_code=201)

    return await once(visit, work)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch, world: World) -> FastAPI:
    """One more route, before the application is built."""
    COUNT.clear()
    monkeypatch.setattr(api, "ROUTERS", (*api.ROUTERS, router))
    return FastAPI()


async def send(browser: Browser, key: str | None, body: object = None, **parameters: str):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": await browser.token()}
    if key is not None:
        headers["Idempotency-Key"] = key
    return await browser.http.post("/api/v1/counted", content=json.dumps(body), headers=headers, params=parameters)


async def test_a_request_that_is_repeated_is_carried_out_once(
    counting: FastAPI, visitor: Visitors, world: World
) -> None:
    reader, other = await visitor(Role.READER, "nordlys"), await visitor(Role.READER, "nordlys", number=1)

    first, again = await send(reader, "a"), await send(reader, "a")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == {"number": 1}
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (await send(reader, "b")).json() == {"number": 2}
    assert (await send(other, "a")).json() == {"number": 3}, "keys of two callers do not meet"
    assert (await send(reader, None)).json() == {"number": 4}

    different = await send(reader, "a", {"other": "body"})
    assert different.status_code == 422
    assert (await send(reader, "a", x="y")).status_code == 422

    world.clock.advance(hours=24)
    reader.http.cookies.set("__Host-postrum", await world.app.sessions.begin(reader.person, world.clock()))  # type: ignore[arg-type]
    assert (await send(reader, "a", {"other": "body"})).json() == {"number": 5}, "after a day the key is free"


async def test_a_request_that_failed_may_be_sent_again(counting: FastAPI, visitor: Visitors) -> None:
    reader = await visitor(Role.READER, "nordlys")
    for kind, status in (("transient", 503), ("permanent", 409)):
        assert (await send(reader, kind, kind=kind)).status_code == status
        assert (await send(reader, kind, kind=kind)).status_code == status
    assert len(COUNT) == 4


async def test_two_at_once_are_one(counting: FastAPI, visitor: Visitors) -> None:
    reader = await visitor(Role.READER, "nordlys")

    answers = await asyncio.gather(*(send(reader, "a", kind="slow") for _ in range(6)))

    assert len(COUNT) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}


@pytest.mark.parametrize("key", ["", "x" * 201, "\t"])
async def test_a_key_that_is_none(key: str, counting: FastAPI, visitor: Visitors) -> None:
    answer = await send(await visitor(Role.READER, "nordlys"), key)
    assert answer.status_code == 422
    assert COUNT == []


async def test_a_request_that_was_cut_off_is_taken_over(counting: FastAPI, visitor: Visitors, world: World) -> None:
    reader = await visitor(Role.READER, "nordlys")
    person_key = reader.person.key  # type: ignore[union-attr]
    asked = f"POST /api/v1/counted\n{json.dumps(None).encode().hex()}"
    await world.app.answers.reserve(person_key, "a", asked, world.clock())

    assert (await send(reader, "a")).status_code == 409
    world.clock.advance(minutes=12)
    assert (await send(reader, "a")).status_code == 201


async def test_what_programs_have_to_know_is_told_to_anybody(visitor: Visitors, world: World) -> None:
    found = (await (await visitor(None)).get("/.well-known/postrum")).json()
    assert found["scope"] == f"api://{world.settings.app_client_id}/.default"
    assert found["tenant_id"] == world.settings.tenant_id
    assert found["authority"] == world.settings.authority
