"""Gathering Evidence: the archived mail is read once, its attachments are stored as they pass by, and the surroundings are looked up."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.documents.kinds import judge
from shared.mail.cluster import cluster_key
from shared.mail.leaves import LeafData, LeafEnd, LeafEvent, LeafStart
from shared.mail.limits import Limits
from shared.mail.reader import MailReader
from shared.model.config import Company, Mailbox
from shared.model.evidence import DocumentFinding, Evidence
from shared.model.mail import Mail
from shared.model.run import Run
from shared.pipeline.services import Services
from shared.pipeline.spool import DocumentSpool
from shared.stores.archive import BlobWriter, mail_path

BODY_LIMIT = 200_000
"""Characters of text and of HTML that are kept in the Evidence; the whole is in the archive."""
SMALL = 16 * 1024
"""Bytes of a mail that is read without a thread."""
REFERENCES = 8
"""Earlier messages that are looked for, the newest first."""


@dataclass(frozen=True, slots=True)
class Gather:
    """Makes the Evidence of a message."""

    services: Services

    async def __call__(self, run: Run, company: Company, mailbox: Mailbox) -> Evidence:
        """Read the mail and look around it."""
        mail, documents = await self._read(run, Limits(open_archives=mailbox.open_archives))
        key = cluster_key(mail)
        holder, place = await self.services.claims.claim(company.id, "cluster", _hash(key), run.message, mailbox.id)
        return Evidence(
            message_id=run.message,
            company=company.id,
            mailbox=mailbox.id,
            generation=run.generation,
            received_at=run.received_at,
            source_kind=run.source_kind,
            mail=_bounded(mail),
            documents=documents,
            duplicate_of=None if holder == run.message else holder,
            duplicate_in_same_mailbox=holder != run.message and place == mailbox.id,
            thread=await self._thread(run, mail),
        )

    async def _read(self, run: Run, limits: Limits) -> tuple[Mail, tuple[DocumentFinding, ...]]:
        trust = frozenset({"exchange"}) if run.source_kind == "graph" else frozenset[str]()
        reader = MailReader(limits, trust=trust)
        spool = DocumentSpool(self.services.document_reader)
        writers: dict[int, BlobWriter] = {}
        # In a thread, so that the lease of a lane and other tasks of this worker go on meanwhile; a small mail is read sooner than that.
        aside = _at_once if run.size <= SMALL else asyncio.to_thread
        try:
            async for chunk in self.services.archive.read(mail_path(run.company, run.message)):
                await self._store(run, writers, spool, await aside(_events, reader, chunk))
            await self._store(run, writers, spool, await aside(_last_events, reader))
            mail = await aside(reader.mail)
            documents = await spool.findings()
        finally:
            spool.close()
        written = judge(mail.subject or "", (mail.text or "")[:BODY_LIMIT])
        if written.kind is not None:
            documents.append(DocumentFinding(path="", kind=written.kind, evidence="; ".join(written.evidence)[:500]))
        return mail, tuple(documents)

    async def _store(
        self, run: Run, writers: dict[int, BlobWriter], spool: DocumentSpool, events: list[LeafEvent]
    ) -> None:
        for event in events:
            match event:
                case LeafStart():
                    writers[event.index] = self.services.archive.attachment_writer(
                        run.company, run.message, event.index
                    )
                    spool.start(event.index, event.path)
                case LeafData():
                    await writers[event.index].write(event.data)
                    spool.data(event.index, event.data)
                case LeafEnd():
                    await writers.pop(event.index).commit()
                    spool.end(event.index)

    async def _thread(self, run: Run, mail: Mail) -> tuple[str, ...]:
        """Known messages that this one answers, the newest last. References is written oldest first (RFC 5322 section 3.6.4)."""
        wanted = list(dict.fromkeys([*mail.references, *([mail.in_reply_to] if mail.in_reply_to else [])]))[
            -REFERENCES:
        ]
        known: list[str] = []
        for reference in wanted:
            known += [
                message
                for message in await self.services.lookup.find(run.company, "message_id", reference)
                if message != run.message
            ]
        return tuple(dict.fromkeys(known))


async def _at_once[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return work(*args, **kwargs)


def _events(reader: MailReader, chunk: bytes) -> list[LeafEvent]:
    return list(reader.feed(chunk))


def _last_events(reader: MailReader) -> list[LeafEvent]:
    return list(reader.finish())


def _bounded(mail: Mail) -> Mail:
    cut: dict[str, Iterator[object] | str | None] = {}
    for name in ("text", "html"):
        value = getattr(mail, name)
        if value is not None and len(value) > BODY_LIMIT:
            cut[name] = value[:BODY_LIMIT]
    return mail.model_copy(update=cut) if cut else mail


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]
