"""A visit to one mailbox: what its pages and its part of the API need, read afresh."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from shared.console.connecting import Story, story
from shared.console.problems import Invalid
from shared.console.visit import Visit
from shared.errors import ConfigurationError, InvalidRequest, NotFound
from shared.language.texts import gettext_noop
from shared.model.config import Company, Mailbox
from shared.model.connection import Connection
from shared.setup.progress import Progress, Step, StepState, progress

NO_MAILBOX = gettext_noop("There is no such mailbox.")
_LONGEST_ID = 40
_STEPS = {
    Step.CONNECTION: gettext_noop("Mailbox"),
    Step.ACCESS: gettext_noop("Access"),
    Step.FOLDERS: gettext_noop("Folders"),
    Step.BACKLOG: gettext_noop("Mail that is there"),
    Step.PROOF: gettext_noop("Test mail"),
}
_SHOWN = {StepState.DONE: "done", StepState.CURRENT: "current", StepState.WAITING: "open"}


@dataclass(frozen=True, slots=True)
class MailboxVisit:
    """One mailbox.

    Attributes:
        visit: of whom.
        company: as it is stored now.
        mailbox: as it is configured now.
        connection: how it is connected.
        story: the same in words.
        progress: how far its set-up is.
    """

    visit: Visit
    company: Company
    mailbox: Mailbox
    connection: Connection
    story: Story
    progress: Progress

    @property
    def path(self) -> str:
        """Address of the mailbox's page."""
        return mailbox_path(self.company.id, self.mailbox.id)

    def step(self, step: Step | None) -> str:
        """Address of a step of the set-up; of its end for None."""
        return f"{self.path}/setup/{step.value if step else 'done'}"

    def steps(self, here: Step) -> list[tuple[str, str, str]]:
        """The steps for the progress bar: text, state, and where to go."""
        shown = []
        for step, state in self.progress.steps.items():
            mark = "current" if step is here else "open" if state is StepState.CURRENT else _SHOWN[state]
            path = self.step(step) if state is not StepState.WAITING else ""
            shown.append((self.visit.texts.gettext(_STEPS[step]), mark, path))
        return shown

    def page(self, template: str, here: Step, status: int = 200, /, **content: Any) -> Response:
        """A page of a step."""
        shown = {"problems": {}, "form": {}, "box": self, "steps": self.steps(here), **content}
        return self.visit.page(template, status, **shown)


async def mailbox_visit(visit: Visit, mailbox_id: str) -> MailboxVisit:
    """The mailbox of a path, of the company that the visitor may see.

    Raises:
        NotFound: there is none.
    """
    product = visit.product
    if visit.company is None or len(mailbox_id) > _LONGEST_ID:
        raise NotFound(visit.say(NO_MAILBOX))
    try:
        company, mailbox = await product.setup.visits.mailbox(visit.company.id, mailbox_id)
    except NotFound:
        raise NotFound(visit.say(NO_MAILBOX)) from None
    connection = await product.connection_keeper.now(company.id, mailbox)
    lane = await product.services.lanes.read(product.services.sources.lane(company, mailbox))
    proven = mailbox.active and f"archived/{company.id}/{mailbox.id}" in lane.state.cursors
    return MailboxVisit(
        visit=visit,
        company=company,
        mailbox=mailbox,
        connection=connection,
        story=story(connection, mailbox, product.settings, visit.texts, visit.zone, product.services.clock()),
        progress=progress(mailbox, connection, proven=proven),
    )


def mailbox_path(company: str, mailbox: str) -> str:
    """Address of a mailbox's page."""
    return f"/companies/{company}/mailboxes/{mailbox}"


@contextmanager
def changing() -> Iterator[None]:
    """Around a change of the configuration: what would be wrong with it is a mistake in the request, and none of the deployment.

    Raises:
        Invalid: names everything that would be wrong.
    """
    try:
        yield
    except ConfigurationError as error:
        raise Invalid([("", text) for text in error.problems], message="Nothing was changed.") from None


def problems_of(error: InvalidRequest | Invalid, visit: Visit) -> dict[str, str]:
    """What is wrong, by field of a form, in the visitor's language."""
    if isinstance(error, Invalid):
        return {"": " ".join([visit.texts.gettext(error.message), *(text for _, text in error.problems)])}
    return {
        error.field: " ".join(filter(None, (visit.texts.gettext(error.message), visit.texts.gettext(error.remedy))))
    }
