"""Documents: made once for each part of a message, with a number from the company's series."""

from __future__ import annotations

from shared.desk.series import NumberSeries
from shared.errors import ConcurrentWrite
from shared.model.config import Series
from shared.model.desk import Document
from shared.stores.tables import Table

TRIES = 5


class Documents:
    """The documents of all companies."""

    def __init__(self, table: Table, series: NumberSeries) -> None:
        self._table = table
        self._series = series

    async def create(self, draft: Document, series: Series) -> Document:
        """Create a document, or find the one that was made from the same part before.

        Args:
            draft: complete but for its number.
            series: where the number comes from.

        Returns:
            The document as it is stored: the first one wins.
        """
        known = await self.get(draft.company, draft.id)
        if known is not None:
            return known  # run again: its number stays, also where a rule names another series by now
        number = await self._series.take(draft.company, series, draft.id)
        document = draft.model_copy(update={"number": number, "series": series.id})
        values = {
            "data": document.model_dump_json(),
            "kind": document.kind,
            "number": number,
            "place": document.place.value,
        }
        if await self._table.insert("document", draft.company, draft.id, dict(values)):
            return document
        return await self.get(draft.company, draft.id) or document

    async def get(self, company: str, document: str) -> Document | None:
        """A document, or None."""
        row = await self._table.get(company, document)
        return None if row is None else Document.model_validate_json(row.text("data"))

    async def void(self, company: str, document: str, reason: str) -> Document | None:
        """Say that a document does not count any more. Its number is never given again, and what it was stays readable.

        Returns:
            The document as it is now; None where there is none.
        """
        for _ in range(TRIES):
            row = await self._table.get(company, document)
            if row is None:
                return None
            known = Document.model_validate_json(row.text("data"))
            if known.void:
                return known
            voided = known.model_copy(update={"void": reason})
            try:
                await self._table.replace("document.void", row, {**row.values, "data": voided.model_dump_json()})
            except ConcurrentWrite:
                continue
            return voided
        raise ConcurrentWrite("the document is being changed by others all the time")

    async def every(self, company: str, *, limit: int = 1000) -> list[Document]:
        """Documents of a company, in no particular order."""
        rows = await self._table.query("PartitionKey eq @p", {"p": company}, limit=limit)
        return [Document.model_validate_json(row.text("data")) for row in rows]
