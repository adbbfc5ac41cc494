"""Evidence and configuration in, Decision out: the order in which everything is looked at.

1. Guards: mail that is never imported ends here.
2. Links by keywords in the subject; then the thread.
3. The company's rules in their order. Each that matches adds its actions; `then: stop` ends the rules.
4. What Postrum does by itself: a document for each accepted attachment, and the links.
5. The placement: one move, the last action of all.

The same evidence and the same configuration always give the same decision.
"""

from __future__ import annotations

from shared.classify.conditions import evaluate
from shared.classify.fields import Facts, document_kinds
from shared.classify.folders import holds_for
from shared.classify.guards import Blocked, guard
from shared.classify.links import subject_links
from shared.classify.plan import Plan
from shared.classify.text import plural, quoted
from shared.classify.trace import Trace
from shared.errors import NotFound, RuleInvalid
from shared.model.config import Company, Mailbox
from shared.model.decision import Decision, Link, Outcome, PlannedAction
from shared.model.evidence import Evidence


def decide(evidence: Evidence, company: Company) -> Decision:
    """Decide what a message is and what is done about it.

    Raises:
        NotFound: the evidence is of another company, or of a mailbox that this company no longer has.
    """
    mailbox = company.mailbox(evidence.mailbox) if evidence.company == company.id else None
    if mailbox is None:
        raise NotFound(
            f"company {company.id!r} has no mailbox {evidence.mailbox!r}",
            remedy="Configure it again, or erase the message.",
        )
    trace = Trace()
    blocked = guard(evidence, trace)
    if blocked is not None:
        return _held_back(evidence, mailbox, blocked, trace)
    links = subject_links(evidence.mail.subject, company, mailbox.id)
    trace.extend(links.steps)
    if not links.links:
        trace.add("links", "none", "no keyword with a number in the subject")
    if evidence.thread:
        known = plural(len(evidence.thread), "known message")
        trace.add("thread", "found", f"answers {known}, the newest is {evidence.thread[-1]}")
    plan = Plan(evidence, company, mailbox, trace)
    _try_rules(evidence, company, mailbox, plan, trace)
    plan.create_accepted()
    for link in links.links:
        plan.link(link)
    outcome, actions = plan.finish()
    reason, detail = _reason(evidence, plan, outcome)
    return _decision(evidence, outcome, reason, detail, links.links, actions, trace)


def _held_back(evidence: Evidence, mailbox: Mailbox, blocked: Blocked, trace: Trace) -> Decision:
    stays = mailbox.leave_in_place
    trace.add("placement", "stays" if stays else Outcome.OTHER.value, "a guard held the mail back; no rule was tried")
    move = PlannedAction(position=1, action="move", parameters={"folder": Outcome.OTHER.value})
    actions = () if stays else (move,)
    decision = _decision(evidence, Outcome.OTHER, blocked.reason, blocked.detail, (), actions, trace)
    return decision.model_copy(update={"duplicate_of": blocked.duplicate_of})


def _try_rules(evidence: Evidence, company: Company, mailbox: Mailbox, plan: Plan, trace: Trace) -> None:
    facts = Facts(evidence)
    for position, rule in enumerate(company.rules):
        name = f"{rule.id} ({quoted(rule.name)})"
        if not rule.active:
            trace.rule("not active", name)
            continue
        if not holds_for(rule, mailbox):
            trace.rule("not for this mailbox", name)
            continue
        try:
            evaluation = evaluate(rule.when, facts)
        except RuleInvalid as problem:
            trace.rule("invalid", f"{name}: {problem.message}; the rule is left out, the others are tried", always=True)
            continue
        result = "matched" if evaluation.result else "did not match"
        trace.rule(result, name, evaluation.steps, always=evaluation.result)
        if not evaluation.result:
            continue
        plan.rule(rule)
        if rule.then == "stop":
            left = len(company.rules) - position - 1
            if left:
                trace.add("rules", "stopped", f"rule {rule.id} ends the rules; {plural(left, 'later rule')} not tried")
            break
    trace.rules_done()


def _reason(evidence: Evidence, plan: Plan, outcome: Outcome) -> tuple[str, str]:
    """The stable code of the reason, and a sentence for people."""
    made = f"{plural(plan.documents, 'document')} {'is' if plan.documents == 1 else 'are'} made from this mail"
    if plan.documents and outcome is Outcome.IMPORTED:
        return "document_accepted", f"{made}."
    if plan.moved_by:
        made = made if plan.documents else "no document is made from it"
        return "moved_by_rule", f"Rule {plan.moved_by} moves it; {made}."
    if plan.skipped_by and plan.accepted():
        return "import_skipped_by_rule", f"Rule {plan.skipped_by} says that no document is made from it."
    if not evidence.mail.attachments:
        return "no_accepted_document", "It has no attachment."
    found = plural(len(evidence.mail.attachments), "attachment")
    return "no_accepted_document", f"It has {found}, none of a type that this mailbox accepts."


def _decision(
    evidence: Evidence,
    outcome: Outcome,
    reason: str,
    detail: str,
    links: tuple[Link, ...],
    actions: tuple[PlannedAction, ...],
    trace: Trace,
) -> Decision:
    kinds = document_kinds(evidence)
    planned = (str(action.parameters["kind"]) for action in actions if action.action == "create_document")
    trace.add("decision", outcome.value, f"{reason}: {detail}")
    return Decision(
        generation=evidence.generation,
        outcome=outcome,
        reason=reason,
        reason_detail=detail,
        kind=kinds[0] if kinds else next(planned, None),
        links=links,
        actions=actions,
        trace=trace.steps(),
    )
