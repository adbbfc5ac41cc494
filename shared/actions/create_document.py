"""Action `create_document`: an attachment becomes a business document with a number from the company's series."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from shared.actions.base import ActionContext, LookupKey
from shared.errors import PermanentError
from shared.model.base import Model
from shared.model.config import Series
from shared.model.desk import Document, Place
from shared.model.run import document_id
from shared.stores.archive import attachment_path, mail_path


class Parameters(Model):
    """Which part of the mail, and what it becomes. In a rule all are optional: every accepted attachment is meant."""

    path: str | None = None
    name: str | None = None
    media_type: str | None = None
    kind: Annotated[str, Field(max_length=60)] | None = None
    series: str | None = None
    number: str | None = None
    seller: str | None = None
    total: str | None = None
    currency: str | None = None


class CreateDocument:
    """Creates the document if it is not there yet."""

    name = "create_document"
    parameters = Parameters

    async def run(self, context: ActionContext, parameters: Parameters) -> dict[str, Any]:
        """Create it; the result names the document and its number."""
        path = parameters.path or ""
        part = next((part for part in context.evidence.mail.attachments if part.path == path), None)
        if part is None and path:
            raise PermanentError(f"the mail has no part {path!r}")
        run = context.run
        draft = Document(
            id=document_id(run.message, path),
            company=run.company,
            message=run.message,
            path=path,
            kind=parameters.kind or context.company.document_type,
            series="",
            number="",
            place=Place.WORKLIST if context.mailbox.direct_to_worklist else Place.DOCUMENT_IMPORT,
            name=(parameters.name or (part.name if part else None) or "")[:500],
            media_type=(part.detected_type if part else None) or "message/rfc822",
            blob=attachment_path(run.company, run.message, part.index) if part else mail_path(run.company, run.message),
            size=part.size if part else run.size,
            sha256=part.sha256 if part else run.sha256,
            created_at=context.now,
            stated_number=parameters.number,
            seller=parameters.seller,
            total=parameters.total,
            currency=parameters.currency,
        )
        document = await context.documents.create(draft, self._series(context, parameters.series))
        return {
            "document": document.id,
            "number": document.number,
            "kind": document.kind,
            "media_type": document.media_type,
            "place": document.place.value,
            "sha256": document.sha256,
            "size": document.size,
        }

    def lookup_keys(self, result: dict[str, Any]) -> tuple[LookupKey, ...]:
        """None."""
        return ()

    def _series(self, context: ActionContext, wanted: str | None) -> Series:
        if wanted is None:
            return context.company.default_series()
        series = next((series for series in context.company.series if series.id == wanted), None)
        if series is None:
            raise PermanentError(f"the company has no number series {wanted!r}")
        return series
