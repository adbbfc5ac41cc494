"""How far the set-up of a mailbox is, worked out from what is there: it can be left at any step and taken up again."""

from __future__ import annotations

from enum import StrEnum

from shared.model.base import Model
from shared.model.config import Mailbox
from shared.model.connection import Connection, ConnectionState


class Step(StrEnum):
    """The steps, in their order."""

    CONNECTION = "connection"
    """Which mailbox, and how it is reached."""
    ACCESS = "access"
    """Consent, sign-in or password; done when the mailbox answers."""
    FOLDERS = "folders"
    BACKLOG = "backlog"
    """What happens with the mail that is there, with its number, and the confirmation: this activates."""
    PROOF = "proof"
    """The test mail."""


class StepState(StrEnum):
    """Where one step stands."""

    DONE = "done"
    CURRENT = "current"
    WAITING = "waiting"
    """An earlier step comes first."""


class Progress(Model):
    """All steps of one mailbox."""

    steps: dict[Step, StepState]
    current: Step | None
    """The step to do next; None where the set-up is complete."""


def progress(mailbox: Mailbox, connection: Connection | None, *, proven: bool = False) -> Progress:
    """The steps of a mailbox.

    Args:
        mailbox: as it is configured.
        connection: how it is connected, where that is known.
        proven: whether a mail, a test mail or any other, has come through since it was activated.
    """
    done = {
        Step.CONNECTION: True,  # without it there is no mailbox
        Step.ACCESS: connection is not None and connection.state is ConnectionState.CONNECTED,
        Step.FOLDERS: mailbox.leave_in_place or bool(mailbox.folders.imported and mailbox.folders.other),
        Step.BACKLOG: mailbox.active,
        Step.PROOF: proven,
    }
    current = next((step for step in Step if not done[step]), None)
    steps = {
        step: StepState.DONE if done[step] else StepState.CURRENT if step is current else StepState.WAITING
        for step in Step
    }
    return Progress(steps=steps, current=current)
