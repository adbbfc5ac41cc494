"""The page of people: Owners say who may see which company, and end sessions."""

from __future__ import annotations

import pytest

from shared.model.person import Role
from tests.console.conftest import Browser, Visitors, person
from tests.flow.world import World

READER = person(Role.READER)
PATH = f"/people/{READER.object_id}"


@pytest.fixture(autouse=True)
def _same_tenant(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The people of these tests are of the deployment's tenant."""
    monkeypatch.setattr(world.app, "settings", world.settings.model_copy(update={"tenant_id": READER.tenant_id}))


async def test_a_company_is_given_and_taken(owner: Browser, visitor: Visitors) -> None:
    reader = await visitor(Role.READER)
    assert (await reader.get("/companies/nordlys")).status_code == 404

    given = await owner.post(PATH, {"companies": "nordlys"})

    assert (given.status_code, given.headers["location"]) == (303, "/people")
    assert f"The companies of {READER.object_id} are saved." in (await owner.get("/people")).text
    assert (await reader.get("/companies/nordlys")).status_code == 200
    assert "checked" in (await owner.get(PATH)).text
    await owner.post(PATH)
    assert (await reader.get("/companies/nordlys")).status_code == 404


async def test_a_company_that_does_not_exist_is_not_given(owner: Browser, world: World) -> None:
    await owner.post(PATH, {"companies": ["nordlys", "nothere"]})
    assert await world.app.members.companies(READER.key) == ("nordlys",)


async def test_somebody_is_added_by_object_id(owner: Browser) -> None:
    added = await owner.post("/people", {"object_id": f" {READER.object_id.upper()} "})
    assert added.headers["location"] == PATH
    for wrong in ("", "x", "<b>", "1" * 36):
        page = await owner.post("/people", {"object_id": wrong})
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.text
        assert "There is a problem" in page.text


async def test_sessions_of_a_person_are_ended(owner: Browser, visitor: Visitors) -> None:
    readers = [await visitor(Role.READER, "nordlys") for _ in range(2)]

    ended = await owner.post(f"{PATH}/sign-out")

    assert ended.headers["location"] == PATH
    assert "2 sessions were ended." in (await owner.get(PATH)).text
    for reader in readers:
        assert (await reader.get("/companies/nordlys")).status_code == 303


async def test_what_a_directory_calls_somebody_stays_text(owner: Browser, world: World) -> None:
    hostile = READER.model_copy(update={"name": "<script>alert(1)</script>", "user_name": "\u202eevil"})
    await world.app.members.signed_in(hostile, world.clock())
    for path in ("/people", PATH):
        page = (await owner.get(path)).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
