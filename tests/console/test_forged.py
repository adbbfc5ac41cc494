"""Requests that were not made on a page of ours."""

from __future__ import annotations

from typing import Any

import pytest

from shared.console.tokens import csrf_token, is_csrf_token, pack_said, unpack_said
from shared.model.person import Role
from tests.console.conftest import URL, Browser, Visitors, person
from tests.flow.world import World

PATH = f"/people/{person(Role.READER).object_id}"


async def assigned(world: World) -> bool:
    return bool(await world.app.members.every())


async def test_a_form_of_ours(owner: Browser, world: World) -> None:
    answer = await owner.post(PATH, {"companies": "nordlys"}, headers={"Origin": URL, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    assert await assigned(world)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{URL}.evil.example"},
        {"Origin": URL.replace("https", "http")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_site(headers: dict[str, str], owner: Browser, world: World) -> None:
    answer = await owner.post(PATH, {"companies": "nordlys"}, headers=headers)
    assert answer.status_code == 403
    assert not await assigned(world)


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é"])
async def test_a_form_without_our_token(token: str, owner: Browser, world: World) -> None:
    answer = await owner.http.post(PATH, data={"companies": "nordlys", "csrf": token})
    assert answer.status_code == 403
    assert "Open the page again" in answer.text
    assert not await assigned(world)


async def test_a_token_of_another_session(owner: Browser, visitor: Visitors, world: World) -> None:
    other = await visitor(Role.OWNER, number=1)
    answer = await owner.http.post(PATH, data={"companies": "nordlys", "csrf": await other.token()})
    assert answer.status_code == 403
    before = await visitor(None)
    answer = await owner.http.post(PATH, data={"companies": "nordlys", "csrf": await before.token()})
    assert answer.status_code == 403
    assert not await assigned(world)


async def test_a_script_of_ours_sends_the_token_in_a_header(owner: Browser, world: World) -> None:
    api = f"/api/v1{PATH}/companies"
    without = await owner.http.put(api, json={"companies": ["nordlys"]})
    assert without.status_code == 403
    assert without.json()["code"] == "forged_request"
    assert not await assigned(world)

    answer = await owner.http.put(api, json={"companies": ["nordlys"]}, headers={"X-CSRF-Token": await owner.token()})
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("path", ["/people", PATH, "/sign-out", "/companies/nordlys/messages/aaaa/again"])
async def test_no_method_goes_past_it(method: str, path: str, owner: Browser, world: World) -> None:
    answer = await owner.http.request(method, path, data={"companies": "nordlys"})
    assert answer.status_code in (403, 404, 405)
    assert not await assigned(world)
    assert (await owner.get("/people")).status_code == 200


async def test_too_much(owner: Browser) -> None:
    csrf = await owner.token()
    large = await owner.http.post(PATH, data={"csrf": csrf, "companies": "x" * 1_100_000})
    assert large.status_code == 413

    async def parts() -> Any:
        for _ in range(60):
            yield b"x" * 100_000

    unannounced = await owner.http.put("/api/v1/configuration", content=parts(), headers={"X-CSRF-Token": csrf})
    assert unannounced.status_code == 413
    many = await owner.http.post(PATH, data={"csrf": csrf, **{f"f{number}": "x" for number in range(600)}})
    assert many.status_code == 400
    api = await owner.http.put("/api/v1/configuration", content=b"x" * (5 * 1024 * 1024 + 1))
    assert api.status_code == 413
    assert api.headers["content-type"] == "application/problem+json"
    upload = await owner.http.post(PATH, files={"file": ("a", b"x")}, data={"csrf": csrf})
    assert upload.status_code == 400


def test_tokens_are_those_of_their_browser() -> None:
    assert is_csrf_token("a", csrf_token("a"))
    assert not is_csrf_token("b", csrf_token("a"))
    assert not is_csrf_token("", csrf_token(""))


@pytest.mark.parametrize("value", ["", "x", "AAAA", "é", "=" * 50])
def test_what_the_next_page_says_was_said_here(value: str) -> None:
    assert unpack_said("a", pack_said("a", "good", "Saved: <b>")) == ("good", "Saved: <b>")
    assert unpack_said("b", pack_said("a", "good", "Saved")) is None
    assert unpack_said("", pack_said("", "good", "Saved")) is None
    assert unpack_said("a", value) is None
