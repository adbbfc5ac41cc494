"""Composition: settings → stores and adapters → use cases. Built late, once per worker process; nothing connects before it is used.

A use case is imported when it is first needed: a worker that was started for one of them does not wait for the others.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.app_health import Watching

if TYPE_CHECKING:
    from shared.doctor.doctor import Doctor
    from shared.pipeline.advance import Advance
    from shared.pipeline.again import RunAgain
    from shared.pipeline.deliver import Deliver
    from shared.pipeline.mailbox import WorkMailbox
    from shared.pipeline.rebuild import Rebuild
    from shared.pipeline.replay import Replay
    from shared.pipeline.status import StatusReport
    from shared.pipeline.tick import Tick
    from shared.webhooks.sender import Sender


class App(Watching):
    """Everything put together: the use cases of the functions, on what the other parts give."""

    @cached_property
    def tick(self) -> Tick:
        """Use case of the timer."""
        from shared.pipeline.tick import Rechecks, Tick
        from shared.pipeline.watch import WatchHealth

        watch = WatchHealth(self.services, self.alarm, self.places, self.settings.silent_minutes)
        rechecks = Rechecks(
            self.connections.due, lambda company, mailbox: self.setup.checking.check_again(company, mailbox)
        )
        return Tick(self.services, self.announcer, watch, self.nightly, rechecks)

    @cached_property
    def work_mailbox(self) -> WorkMailbox:
        """Use case of queue `mailbox`."""
        from shared.pipeline.mailbox import WorkMailbox

        return WorkMailbox(self.services, self.announcer, self.upkeep)

    @cached_property
    def advance(self) -> Advance:
        """Use case of the queues `classify` and `act`."""
        from shared.pipeline.advance import Advance

        return Advance(self.services, self.announcer)

    @cached_property
    def deliver(self) -> Deliver:
        """Use case of queue `deliver`."""
        from shared.pipeline.deliver import Deliver

        return Deliver(self.services, self.sender, self.secrets, self._chance)

    @cached_property
    def again(self) -> RunAgain:
        """Use case: run again."""
        from shared.pipeline.again import RunAgain

        return RunAgain(self.services)

    @cached_property
    def rebuild(self) -> Rebuild:
        """Use case: make the projections again."""
        from shared.pipeline.rebuild import Rebuild

        return Rebuild(self.services, self.announcer)

    @cached_property
    def replay(self) -> Replay:
        """Use case: send events again."""
        from shared.pipeline.replay import Replay

        return Replay(self.services)

    @cached_property
    def status(self) -> StatusReport:
        """What is going on, for people."""
        from shared.pipeline.status import StatusReport

        return StatusReport(self.services)

    @cached_property
    def doctor(self) -> Doctor:
        """Looks whether the deployment works, and is closed where it has to be. Loaded when it is asked for."""
        from shared.doctor.doctor import Doctor

        return Doctor(
            settings=self.settings,
            services=self.services,
            secrets=lambda: self.secrets,
            credential=self.sources.credential,
            client=self.sources.client,
            storage_credential=self._storage_credential,
        )

    @cached_property
    def sender(self) -> Sender:
        """Calls subscribers."""
        from shared.webhooks.sender import Sender

        return Sender(allowed=self.settings.allowed_networks, allow_http=self.settings.allow_http_webhooks)

    async def aclose(self) -> None:
        """End all connections."""
        if "sender" in vars(self):
            await self.sender.close()
        await super().aclose()
