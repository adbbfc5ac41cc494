"""The main job over IMAP, with a real Dovecot: what is archived, decided and moved, and what happens when ids end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme

from emulator.server import EmulatorThread
from local.dovecot import Dovecot
from shared.configuration.passwords import password_name
from shared.model.config import Company
from shared.model.task import ImapTask, Queue
from shared.stores.archive import mail_path
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, events, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World
from tests.support.dovecot import PASSWORD, ImapProvider, dovecot

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Private authority of a company")


@pytest.fixture(scope="session")
def server(authority: trustme.CA) -> Iterator[Dovecot]:
    with dovecot(authority) as running:
        yield running


@pytest.fixture
def box(server: Dovecot, authority: trustme.CA) -> Iterator[ImapProvider]:
    made = ImapProvider(server, authority)
    yield made
    made.close()


async def connect(world: World, box: ImapProvider, *, beside_graph: bool = False, **values: object) -> None:
    """A company whose mailbox is at that server, with its password in the secret store."""
    if not beside_graph:
        await world.configure(
            CONFIGURATION.replace('schedule: "* * * * *"', 'schedule: "* * * * *"\n        active: false')
        )
    company = Company.model_validate(
        {
            "id": "imap",
            "name": "By IMAP",
            "mailboxes": [
                {
                    "id": "post",
                    "address": box.address,
                    "connection": "imap_password",
                    "imap": box.imap_server().model_dump(),
                    "folders": {"imported": "Imported", "other": "Other"},
                    "schedule": "* * * * *",
                    **values,
                }
            ],
            "series": [{"id": "documents", "prefix": "I-", "width": 4, "default": True}],
            "subscribers": [{"id": "ledger", "url": f"{world.sink_url}/imap"}],
        }
    )
    await world.app.configure.apply([company])
    await world.app.secrets.put(password_name("imap", "post"), PASSWORD)
    world.app.services.companies.forget()


async def test_a_mail_is_archived_filed_and_announced(
    world: World, emulator: EmulatorThread, box: ImapProvider
) -> None:
    await connect(world, box)
    content = mail("Invoice", number=1, pdf=PDF)
    box.deliver(content)
    box.deliver(mail("Letter", number=2))
    await world.until_rest()
    found = await runs(world)
    assert {subject: run.folder for subject, run in found.items()} == {"Invoice": "Imported", "Letter": "Other"}
    assert {run.source_kind for run in found.values()} == {"imap"}
    # the ids ended with the move, and the runs know the new ones
    assert {subject: box.place(run.provider_id) for subject, run in found.items()} == {
        "Invoice": "Imported", "Letter": "Other",
    }  # fmt: skip
    archived = [piece async for piece in world.app.services.archive.read(mail_path("imap", found["Invoice"].message))]
    # what the server gives: it keeps mail with the line ends of RFC 5322
    assert b"".join(archived) == content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert [document.number for document in await documents(world, "imap")] == ["I-0001"]
    assert {event["type"] for event in events(emulator, "imap")} >= {
        "postrum.message.filed",
        "postrum.document.created",
    }
    assert not box.is_read(found["Invoice"].provider_id)
    # a function of its own does it
    assert {queue for queue, body in world.seen if '"mailbox":"post"' in body} == {Queue.IMAP}
    assert ImapTask.decode(next(body for queue, body in world.seen if queue is Queue.IMAP)).mailbox == "post"


@pytest.mark.capability("S5.13")
async def test_s5_13_an_imported_mail_is_marked_read_where_that_was_chosen(world: World, box: ImapProvider) -> None:
    await connect(world, box, mark_read=True)
    box.deliver(mail("Invoice", number=1, pdf=PDF))
    box.deliver(mail("Letter", number=2))
    await world.until_rest()
    found = await runs(world)
    assert box.is_read(found["Invoice"].provider_id)
    assert not box.is_read(found["Letter"].provider_id)


@pytest.mark.pain("C17")
@pytest.mark.fault("B08")
@pytest.mark.parametrize("stays", [False, True], ids=["moved away", "left in place"])
async def test_b08_a_folder_that_was_made_again_imports_nothing_twice(
    world: World, box: ImapProvider, stays: bool
) -> None:
    await connect(
        world, box, leave_in_place=stays, folders={"source": "Post", "imported": "Imported", "other": "Other"}
    )
    box.make_folder("Post")
    contents = [mail(f"Invoice {number}", number=number, pdf=PDF + b"%%%d" % number) for number in range(3)]
    for content in contents:
        box.deliver(content, "Post")
    await world.until_rest()
    made = await documents(world, "imap")
    assert len(made) == 3

    box.recreate_folder("Post", [*contents, mail("Invoice 9", number=9, pdf=PDF + b"%9")])
    world.app.services.companies.forget()
    await world.until_rest(least=3)
    assert [document.id for document in await documents(world, "imap")][:3] == [document.id for document in made]
    assert len(await documents(world, "imap")) == 4


@pytest.mark.fault("B10")
async def test_b10_the_same_mail_by_graph_and_by_imap_is_imported_once_in_each_and_known_as_the_same(
    world: World, emulator: EmulatorThread, box: ImapProvider
) -> None:
    await connect(world, box, beside_graph=True)
    same = mail("To both", number=1, pdf=PDF)
    emulator.control.deliver(MAILBOX, same)
    box.deliver(same)
    # one Message-ID on two different mails suppresses nothing
    box.deliver(mail("Forged", number=1, pdf=PDF + b"%other"))
    await world.until_rest()
    assert len(await documents(world, "nordlys")) == 1
    assert {run.subject: run.stage.value for run in (await runs(world)).values()} == {
        "To both": "announced", "Forged": "announced",
    }  # fmt: skip
    assert len(await documents(world, "imap")) == 2


async def test_a_mail_that_is_larger_than_the_limit_is_never_fetched(world: World, box: ImapProvider) -> None:
    await connect(world, box)
    world.app.services = world.app.services.__class__(
        **{name: getattr(world.app.services, name) for name in world.app.services.__slots__} | {"mail_limit": 20_000}
    )
    big = box.deliver(mail("Big", number=1, pdf=PDF + b"%" * 40_000))
    box.deliver(mail("Small", number=2, pdf=PDF))
    await world.until_rest()
    found = await runs(world)
    assert (found["Big"].stage.value, found["Big"].reason) == ("parked", "not_archived")
    assert "limit" in found["Big"].reason_detail
    assert box.place(big) == ""
    assert found["Small"].folder == "Imported"


async def test_a_password_that_is_missing_says_so_and_nothing_is_lost(world: World, box: ImapProvider) -> None:
    await connect(world, box)
    await world.app.secrets.delete(password_name("imap", "post"))
    box.deliver(mail("Invoice", number=1, pdf=PDF))
    await world.settle(ticks=2)
    stored = await world.app.connections.get("imap", "post")
    assert stored is not None
    assert stored.connection.code == "imap_password_missing"
    await world.app.secrets.put(password_name("imap", "post"), PASSWORD)
    await world.until_rest()
    assert (await runs(world))["Invoice"].folder == "Imported"


async def test_a_message_is_run_again_in_the_folder_to_which_it_was_moved(world: World, box: ImapProvider) -> None:
    await connect(world, box)
    box.deliver(mail("Letter", number=2))
    await world.until_rest()
    first = (await runs(world))["Letter"]
    await world.app.configure.change(
        "imap",
        lambda known: known.model_copy(
            update={
                "mailboxes": tuple(
                    one.model_copy(update={"folders": one.folders.model_copy(update={"other": "Elsewhere"})})
                    for one in known.mailboxes
                )
            }
        ),
    )
    world.app.services.companies.forget()
    await world.app.again.message(first.message)
    await world.until_rest()
    second = (await runs(world))["Letter"]
    assert (second.generation, second.folder, box.place(second.provider_id)) == (2, "Elsewhere", "Elsewhere")
    assert box.place(first.provider_id) is None


@pytest.mark.fault("B05")
async def test_a_wrong_password_is_tried_ever_more_seldom_and_at_once_when_it_was_mended(
    world: World, box: ImapProvider
) -> None:
    await connect(world, box)
    box.deliver(mail("Invoice", number=1, pdf=PDF))
    await world.app.secrets.put(password_name("imap", "post"), "wrong")
    for _ in range(60):
        await world.settle()
    tried = len([body for queue, body in world.seen if queue is Queue.IMAP])
    assert 4 <= tried <= 14  # an hour of minutes
    stored = await world.app.connections.get("imap", "post")
    assert stored is not None
    assert stored.connection.code == "imap_login_refused"

    await world.app.secrets.put(password_name("imap", "post"), PASSWORD)
    checked = await world.app.setup.checking.check("imap", "post")
    assert checked.state.value == "connected"
    await world.drain()
    assert (await runs(world))["Invoice"].folder == "Imported"
