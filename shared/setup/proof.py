"""A test mail that proves the whole way: a marked PDF is put into the source folder, and has to come out as a document in its folder.

It goes the way of every mail, so it takes a number of the company's series. When it is removed, the document stays with its number and
says that it was a test: a number is never given twice.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

from shared.errors import Conflict, NotFound
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.run import Run, Stage
from shared.setup.activation import Activation
from shared.setup.visiting import Visits

_TOKEN = re.compile(r"^[0-9a-f]{16}$")
_MARK = "postrum-test"


class ProofState(StrEnum):
    """How far the test mail has come."""

    ON_ITS_WAY = "on_its_way"
    PROVEN = "proven"
    """It is in the folder for imported mail, and the document is there: both were seen."""
    FAILED = "failed"
    """It came to another end."""


class Proof(Model):
    """What became of a test mail."""

    token: str
    state: ProofState
    archived: bool = False
    document: str = ""
    """Number of the document, once it is there."""
    moved: bool = False
    folder: str = ""
    message: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProveMailbox:
    """Sends the test mail, looks after it, and removes it."""

    visits: Visits
    activation: Activation

    async def send(self, company: str, mailbox: str) -> Proof:
        """Put the test mail into the source folder, and have it fetched now.

        Raises:
            Conflict: the mailbox is not active, or does not take PDF documents.
        """
        known, found = await self.visits.mailbox(company, mailbox)
        if not found.active:
            raise Conflict(gettext_noop("The mailbox is not active."), remedy=gettext_noop("Activate it first."))
        if "application/pdf" not in found.accepted_types:
            raise Conflict(
                gettext_noop("This mailbox does not take PDF files, so the test mail would not become a document.")
            )
        token = secrets.token_hex(8)
        async with self.visits.visit(known, found) as source:
            folder = await source.folder(found.folders.source)
            if folder is None:
                raise Conflict(
                    gettext_noop("The source folder is not there any more."),
                    remedy=gettext_noop("Choose the folders again."),
                )
            await source.append(folder, _mail(found.address, token, self.visits.services.clock()))
        await self.activation.run_now(company, mailbox)
        return Proof(token=token, state=ProofState.ON_ITS_WAY)

    async def look(self, company: str, mailbox: str, token: str) -> Proof:
        """What became of it by now.

        Raises:
            NotFound: no such token.
        """
        _, found = await self.visits.mailbox(company, mailbox)
        run = await self._run(company, found.address, token)
        if run is None:
            return Proof(token=token, state=ProofState.ON_ITS_WAY)
        made = [str(done.result.get("number", "")) for done in run.results if done.action == "create_document"]
        wanted = found.folders.source if found.leave_in_place else found.folders.imported
        there = run.folder if run.folder is not None else found.folders.source
        moved = run.placement in ("moved", "found_there", "left_there") and there == wanted
        over = run.stage in (Stage.ANNOUNCED, Stage.PARKED, Stage.GONE)
        state = ProofState.ON_ITS_WAY
        if over:
            state = ProofState.PROVEN if moved and made else ProofState.FAILED
        return Proof(
            token=token,
            state=state,
            archived=bool(run.sha256),
            document=made[0] if made else "",
            moved=moved,
            folder=run.folder or "",
            message=run.message,
            reason=run.reason_detail if state is ProofState.FAILED else "",
        )

    async def remove(self, company: str, mailbox: str, token: str) -> Proof:
        """Take the test mail out of the mailbox, and mark its document as a test. Done twice, it changes nothing more.

        Raises:
            NotFound: no such token, or the mail was not seen yet.
        """
        known, found = await self.visits.mailbox(company, mailbox)
        run = await self._run(company, found.address, token)
        if run is None:
            raise NotFound(
                gettext_noop("The test mail was not seen yet."), remedy=gettext_noop("Wait a minute, and try again.")
            )
        services = self.visits.services
        for done in run.results:
            if done.action == "create_document" and done.result.get("document"):
                await services.documents.void(company, str(done.result["document"]), "test")
        async with self.visits.visit(known, found) as source:
            await source.delete(run.provider_id)
        return await self.look(company, mailbox, token)

    async def _run(self, company: str, address: str, token: str) -> Run | None:
        if not _TOKEN.match(token):
            raise NotFound(gettext_noop("There is no such test mail."))
        services = self.visits.services
        for message in await services.lookup.find(company, "message_id", message_id(address, token)):
            stored = await services.messages.run(message)
            if stored is not None:
                return stored.run
        return None


def message_id(address: str, token: str) -> str:
    """Message-ID of a test mail, in its brackets."""
    return f"<{_MARK}.{token}@{address.rpartition('@')[2]}>"


def _mail(address: str, token: str, now: datetime) -> bytes:
    domain = address.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Postrum test <{_MARK}@{domain}>"
    mail["To"] = address
    mail["Subject"] = f"Postrum test {token}"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(address, token)
    mail["X-Postrum-Test"] = token
    mail.set_content(
        "This mail was made by Postrum to prove that mail is fetched, imported and moved. It can be deleted.\r\n"
    )
    mail.add_attachment(_pdf(token), maintype="application", subtype="pdf", filename=f"postrum-test-{token}.pdf")
    return mail.as_bytes()


def _pdf(token: str) -> bytes:
    """A page that says what it is: the smallest complete PDF 1.4 (ISO 32000-1 annex H.2)."""
    text = f"BT /F1 14 Tf 72 760 Td (Postrum test document {token}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(content)
