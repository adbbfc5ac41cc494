"""Taking one listed mail in: streamed into the archive, then recorded, then handed on. Nothing is touched in the mailbox here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.errors import MessageGone, NetworkFailure, PermanentError, PermissionDenied, ServiceUnavailable
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.model.run import Run, Stage, message_id
from shared.model.task import ClassifyTask
from shared.pipeline.ending import Ending
from shared.pipeline.gate import Gate
from shared.pipeline.services import GRACE, Services
from shared.sources.base import ListedMail, MailSource
from shared.stores.archive import StoredBlob
from shared.stores.messages import StoredRun
from shared.stores.open_messages import OpenMessage
from shared.telemetry import event

TRIES = 5
"""Times that a mail is fetched before it is parked."""
LEFT = "The mail left the mailbox before it was fetched."


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes mails of one mailbox in, for the holder of its lane."""

    services: Services
    company: Company
    mailbox: Mailbox
    source: MailSource
    source_kind: str
    gate: Gate
    ending: Ending
    marks: dict[str, str]
    """When something was last done in this hold; `archived` is written here."""

    def identity(self, mail: ListedMail) -> str:
        """The message's identity."""
        return message_id(self.company.id, self.mailbox.address, self.source_kind, mail.provider_id)

    def note(self, mail: ListedMail) -> str:
        """What is kept of a listed mail until it is fetched."""
        kept = {
            "subject": mail.subject[:300],
            "sender": mail.sender[:320],
            "categories": mail.categories[:50],
            "internet_message_id": mail.internet_message_id[:998],
        }
        return mail.model_copy(update=kept).model_dump_json()

    async def take(self, mail: ListedMail) -> Run | None:
        """Take a listed mail in, if it was not before.

        Returns:
            The run of a message that had reached its end and lies in the source folder again; None otherwise.
        """
        message = self.identity(mail)
        stored = await self.services.messages.run(message)
        if stored is not None and stored.run.stage not in (Stage.FOUND, Stage.GONE):
            return stored.run if stored.run.stage in (Stage.ANNOUNCED, Stage.PARKED) else None
        run = self._found(message, mail) if stored is None else stored.run
        try:
            blob, reconstructed = await self._archive(mail, message)
        except MessageGone:
            await self._end(stored, run, Stage.GONE, "gone_before_fetch", LEFT)
            return None
        except PermissionDenied:
            raise  # the whole mailbox is refused, not this mail
        except PermanentError as error:
            await self._end(
                stored, run, Stage.PARKED, error.code if error.code != "permanent" else "not_archived", str(error)
            )
            return None
        except (ServiceUnavailable, NetworkFailure) as error:
            await self._failed(stored, run, error)
            return None
        archived = run.model_copy(
            update={
                "stage": Stage.ARCHIVED,
                "size": blob.size,
                "sha256": blob.sha256,
                "reconstructed": reconstructed,
                "attempts": 0,
                "failure": "",
                "reason": "",
                "reason_detail": "",
                "updated_at": self.services.clock(),
            }
        )
        if await self._record("archived", stored, archived):
            self.marks["archived"] = stamp(archived.updated_at)
            event("mail_archived", message=message, size=blob.size)
        await self.services.queues.put(ClassifyTask(message=message, generation=archived.generation))
        return None

    async def unfetched(self, item: OpenMessage) -> ListedMail | None:
        """What the listing said of an open message, where it was not fetched yet; None where it was."""
        stored = await self.services.messages.run(item.message)
        if stored is None:
            return ListedMail.model_validate_json(item.listed) if item.listed else None
        run = stored.run
        if run.stage is not Stage.FOUND:
            return None
        return ListedMail(
            provider_id=run.provider_id,
            received_at=run.received_at,
            subject=run.subject,
            sender=run.sender,
            internet_message_id=run.internet_message_id,
            is_read=run.is_read,
            read_receipt_requested=run.read_receipt_requested,
            categories=run.categories,
        )

    async def left(self, item: OpenMessage) -> None:
        """An open message is not in the source folder. Where it was not archived before, it will never be: that is its end."""
        stored = await self.services.messages.run(item.message)
        if stored is None and not item.listed:
            await self.services.open.done(self.company.id, self.mailbox.id, item.message)
        elif stored is None or stored.run.stage is Stage.FOUND:
            run = stored.run if stored else self._found(item.message, ListedMail.model_validate_json(item.listed))
            await self._end(stored, run, Stage.GONE, "gone_before_fetch", LEFT)

    def _found(self, message: str, mail: ListedMail) -> Run:
        now = self.services.clock()
        return Run(
            message=message,
            company=self.company.id,
            mailbox=self.mailbox.id,
            source_kind=self.source_kind,
            provider_id=mail.provider_id,
            stage=Stage.FOUND,
            received_at=mail.received_at,
            found_at=now,
            updated_at=now,
            subject=mail.subject[:300],
            sender=mail.sender[:320],
            is_read=mail.is_read,
            read_receipt_requested=mail.read_receipt_requested,
            categories=mail.categories[:50],
            internet_message_id=mail.internet_message_id[:998],
        )

    async def _archive(self, mail: ListedMail, message: str) -> tuple[StoredBlob, bool]:
        """Stream the mail into the archive.

        Returns:
            The blob, and whether the mail had to be put together from its parts.
        """
        limit = self.services.mail_limit
        if mail.size is not None and mail.size > limit:
            raise PermanentError(f"larger than the limit of {limit // (1024 * 1024)} MiB")
        writer = self.services.archive.mail_writer(self.company.id, message, limit=limit)
        async with self.gate.call(), self.source.fetch(mail.provider_id) as chunks:
            async for chunk in chunks:
                self.gate.ensure()
                await writer.write(chunk)
        if writer.size == 0:
            # Nothing is committed: what is in the archive is never fetched again, so nothing empty may become the truth.
            raise ServiceUnavailable("the mailbox answered with an empty mail")
        return await writer.commit(), chunks.reconstructed

    async def _record(self, name: str, stored: StoredRun | None, run: Run) -> bool:
        """Write the run; False when another worker had written the first row."""
        if stored is None:
            return await self.services.messages.insert(name, run)
        await self.services.messages.move_on(name, stored, run)
        return True

    async def _end(self, stored: StoredRun | None, run: Run, stage: Stage, reason: str, detail: str) -> None:
        ended = run.model_copy(
            update={
                "stage": stage,
                "reason": reason,
                "reason_detail": detail[:500],
                "updated_at": self.services.clock(),
            }
        )
        await self._record(stage.value, stored, ended)
        await self.ending.of(ended)

    async def _failed(self, stored: StoredRun | None, run: Run, error: ServiceUnavailable | NetworkFailure) -> None:
        attempts = run.attempts + 1
        if attempts >= TRIES:
            await self._end(
                stored,
                run,
                Stage.PARKED,
                "not_fetched",
                f"The mail could not be fetched in {attempts} tries: {error.message}",
            )
            return
        failed = run.model_copy(update={"attempts": attempts, "failure": f"{error.code}: {error.message}"[:500]})
        await self._record("found", stored, failed)
        later = self.services.clock() + GRACE + timedelta(minutes=attempts)
        await self.services.open.look_again(self.company.id, self.mailbox.id, run.message, later, tries=attempts)
