"""Messages of a company: the list, one of them, and running it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from shared.classify.explain import explain
from shared.console.keys import month_after, month_of, row_key
from shared.console.visit import CompanyVisitor, Visit, needs
from shared.errors import NotFound
from shared.identity.roles import Right
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import ENDS, Run
from shared.pipeline.status import MESSAGES_LIMIT

router = APIRouter()

_DECISIONS = (Right.RULES, Right.OPERATE, Right.CONTENT)
"""Who sees why something was decided."""


@router.get("/companies/{company}/messages")
async def messages(visit: CompanyVisitor, company: str, month: Annotated[str, Query(max_length=20)] = "") -> Response:
    """What is on its way, and the messages of a month."""
    wanted = month_of(month, visit.say("There is no such month. A month is written as 2026-11."))
    status = await visit.product.status(only=[company], month=wanted)
    return visit.page(
        "messages.html",
        status=status,
        earlier=month_after(status.month, -1),
        later=month_after(status.month, 1),
        cut=len(status.messages) >= MESSAGES_LIMIT,
    )


@router.get("/companies/{company}/messages/{message}")
async def message(visit: CompanyVisitor, company: str, message: str) -> Response:
    """One message."""
    run, decision, evidence = await _found(visit, company, message)
    documents = [done.result for done in run.results if done.action == "create_document"]
    paths = (
        {planned.position: str(planned.parameters.get("path", "")) for planned in decision.actions} if decision else {}
    )
    numbers = {
        paths.get(done.position, ""): str(done.result.get("number", ""))
        for done in run.results
        if done.action == "create_document"
    }
    content = evidence if visit.may(Right.CONTENT) else None
    return visit.page(
        "message.html",
        run=run,
        at_end=run.stage in ENDS,
        attachments=content.mail.attachments if content else (),
        warnings=content.mail.warnings if content else (),
        documents=documents,
        numbers=numbers,
        # A decision names what it was made from: file names, and words of the mail.
        explanation=explain(decision) if decision and any(visit.may(right) for right in _DECISIONS) else [],
        decided=decision is not None,
    )


@router.post("/companies/{company}/messages/{message}/again", dependencies=[needs(Right.OPERATE)])
async def again(visit: CompanyVisitor, company: str, message: str) -> Response:
    """Run a message again."""
    run, *_ = await _found(visit, company, message)
    await visit.product.again.message(run.message)
    return visit.go(f"/companies/{company}/messages/{message}", said=visit.say("The message runs again."))


async def _found(visit: Visit, company: str, message: str) -> tuple[Run, Decision | None, Evidence | None]:
    """A message of this company. One of another company is not there, like one that never was."""
    missing = visit.say("There is no such message.")
    found = await visit.product.status.message(row_key(message, missing))
    if found is None or found[0].company != company:
        raise NotFound(missing)
    return found
