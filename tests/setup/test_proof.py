"""The test mail: green only if both effects were seen, and removable."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from shared.errors import Conflict, NotFound
from shared.model.config import BacklogChoice, Rule
from shared.setup.proof import ProofState
from tests.flow.seeing import documents, mails, places
from tests.flow.world import MAILBOX, World
from tests.setup.conftest import Make
from tests.setup.test_activation import with_folders


async def active(world: World, company: str, make: Make) -> str:
    mailbox = await with_folders(world, company, make)
    activation = world.app.setup.activation
    preview = await activation.preview(company, mailbox, BacklogChoice.IMPORT)
    await activation.activate(company, mailbox, BacklogChoice.IMPORT, confirmed_mails=0, as_of=preview.as_of)
    await world.until_rest()
    return mailbox


@pytest.mark.capability("S1.45")
async def test_s1_45_a_test_mail_proves_the_move_and_the_document(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await active(world, company, make)
    proof = world.app.setup.proof
    sent = await proof.send(company, mailbox)
    assert sent.state is ProofState.ON_ITS_WAY
    assert (await proof.look(company, mailbox, sent.token)).state is ProofState.ON_ITS_WAY
    await world.until_rest()
    seen = await proof.look(company, mailbox, sent.token)
    assert (seen.state, seen.archived, seen.moved, seen.folder) == (ProofState.PROVEN, True, True, "Imported")
    (document,) = await documents(world, company)
    assert seen.document == document.number
    assert list(places(emulator).values()) == ["Imported"]

    for _ in range(2):  # removing is repeatable
        await proof.remove(company, mailbox, sent.token)
    (document,) = await documents(world, company)
    assert document.void == "test"
    assert "Imported" not in places(emulator).values()


@pytest.mark.capability("S1.45")
@pytest.mark.parametrize("broken", ["rule", "accepted types"])
async def test_s1_45_it_is_not_green_when_one_effect_is_missing(
    world: World, emulator: EmulatorThread, company: str, make: Make, broken: str
) -> None:
    mailbox = await active(world, company, make)
    proof = world.app.setup.proof
    sent = await proof.send(company, mailbox)
    if broken == "accepted types":
        await world.app.setup.mailboxes.edit(company, mailbox, {"accepted_types": ("text/xml",)})
    else:
        rule = Rule.model_validate(
            {
                "id": "elsewhere",
                "name": "Elsewhere",
                "when": {"field": "subject", "operator": "contains", "value": "test"},
                "actions": [{"action": "move", "folder": "Else"}],
            }
        )
        await world.app.configure.change(company, lambda known: known.model_copy(update={"rules": (rule,)}))
    world.app.services.companies.forget()
    await world.until_rest()
    seen = await proof.look(company, mailbox, sent.token)
    assert seen.state is ProofState.FAILED
    assert bool(seen.document) is (broken == "rule")
    assert seen.moved is False


async def test_it_needs_an_active_mailbox_that_takes_pdf(world: World, company: str, make: Make) -> None:
    mailbox = await make(accepted_types=("text/xml",))
    with pytest.raises(Conflict, match="not active"):
        await world.app.setup.proof.send(company, mailbox.id)
    with pytest.raises(NotFound):
        await world.app.setup.proof.look(company, mailbox.id, "../../etc")
    with pytest.raises(NotFound):
        await world.app.setup.proof.remove(company, mailbox.id, "0" * 16)


async def test_the_test_mail_says_what_it_is(world: World, emulator: EmulatorThread, company: str, make: Make) -> None:
    mailbox = await active(world, company, make)
    sent = await world.app.setup.proof.send(company, mailbox)
    (subject,) = mails(emulator, MAILBOX)
    assert subject == f"Postrum test {sent.token}"
