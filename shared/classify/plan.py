"""The actions of a decision: from the rules and from what Postrum does by itself, brought into their order.

What happens in the mailbox comes last, whatever order a rule has: a mail that was moved can no longer be read by an
action behind it, and a mail that was not handled yet must not look handled. The move is the very last.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from shared.classify.fields import saved_attachments
from shared.classify.folders import place
from shared.classify.text import listed, plural, quoted, shown, storable
from shared.classify.trace import Trace
from shared.model.config import ActionStep, Company, Mailbox, Rule
from shared.model.decision import Link, Outcome, PlannedAction
from shared.model.evidence import DocumentFinding, Evidence
from shared.model.mail import Attachment

SKIP_IMPORT = "skip_import"
"""The rule action that is carried out here: Postrum makes no document by itself from this mail."""
WHOLE_MAIL = ""
"""Path of the mail itself, where a rule wants a document made of that."""
MAILBOX_ACTIONS = ("categorise", "mark_read", "move")
"""What happens in the mailbox, after everything else."""

_PARAMETER_LIMIT = 500
"""Characters of a parameter that a sender wrote."""


class Plan:
    """Actions on their way to a decision."""

    def __init__(self, evidence: Evidence, company: Company, mailbox: Mailbox, trace: Trace) -> None:
        self._evidence = evidence
        self._company = company
        self._mailbox = mailbox
        self._trace = trace
        self._work: list[PlannedAction] = []
        self._in_mailbox: list[PlannedAction] = []
        self._asked: list[PlannedAction] = []
        """What rules asked for, in their order."""
        self._move: PlannedAction | None = None
        self._documents: set[str] = set()
        self._contents: dict[str, str] = {}
        self._findings = {finding.path: finding for finding in evidence.documents}
        self.skipped_by: str | None = None
        """Rule that said skip_import."""

    @property
    def documents(self) -> int:
        """How many documents are planned."""
        return len(self._documents)

    @property
    def moved_by(self) -> str | None:
        """Rule whose move counts."""
        return self._move.rule if self._move else None

    def rule(self, rule: Rule) -> None:
        """Everything that a rule which matched asks for."""
        for step in rule.actions:
            self._step(rule.id, step)

    def _step(self, rule: str, step: ActionStep) -> None:
        parameters = copy.deepcopy(step.parameters)
        if step.action == SKIP_IMPORT:
            self.skipped_by = self.skipped_by or rule
            self._trace.add("action", "planned", f"{SKIP_IMPORT} (rule {rule}): Postrum makes no document by itself")
        elif step.action == "create_document":
            self._create_by_rule(rule, parameters)
        elif step.action == "move":
            self._move_by_rule(rule, parameters)
        elif step.action == "mark_read":
            self._mark_read(rule)
        elif step.action == "categorise":
            if parameters not in [action.parameters for action in self._in_mailbox if action.action == "categorise"]:
                self._ask(self._in_mailbox, "categorise", parameters, rule)
        else:
            self._ask(self._work, step.action, parameters, rule)

    def _ask(self, queue: list[PlannedAction], action: str, parameters: dict[str, Any], rule: str) -> None:
        planned = PlannedAction(position=0, action=action, parameters=parameters, rule=rule)
        queue.append(planned)
        self._asked.append(planned)
        self._trace.add("action", "planned", f"{shown(action)} (rule {rule})")

    def _create_by_rule(self, rule: str, parameters: Mapping[str, Any]) -> None:
        path = parameters.get("path")
        if path == WHOLE_MAIL:
            self._create_from_mail(rule, parameters)
            return
        named = tuple(part for part in saved_attachments(self._evidence.mail) if part.path == path)
        wanted = self.accepted() if path is None else named
        if not wanted:
            missing = "no attachment of an accepted type" if path is None else f"no attachment {quoted(str(path))}"
            self._trace.add("action", "nothing to do", f"create_document (rule {rule}): the mail has {missing}")
        for part in wanted:
            self._create(part, rule, parameters)

    def _create_from_mail(self, rule: str, wanted: Mapping[str, Any]) -> None:
        """The mail itself as a document, which only a rule can ask for."""
        if WHOLE_MAIL in self._documents:
            self._trace.add("action", "ignored", f"create_document (rule {rule}): the mail itself is planned already")
            return
        kind = wanted.get("kind") or self._finding(WHOLE_MAIL).kind or self._company.document_type
        name = shown(self._evidence.mail.subject or "", 200)
        parameters = {**wanted, "path": WHOLE_MAIL, "name": name, "media_type": "message/rfc822", "kind": kind}
        self._documents.add(WHOLE_MAIL)
        self._ask(self._work, "create_document", parameters, rule)

    def _finding(self, path: str) -> DocumentFinding:
        return self._findings.get(path) or DocumentFinding(path=path)

    def _move_by_rule(self, rule: str, parameters: Mapping[str, Any]) -> None:
        wanted = str(parameters.get("folder", ""))
        folder, problem = place(wanted, self._mailbox.folders)
        if problem:
            self._trace.add("action", "refused", f"move (rule {rule}) to {quoted(wanted)}: {problem}")
        elif self._move is not None:
            taken = f"rule {self._move.rule} moves the mail already"
            self._trace.add("action", "ignored", f"move (rule {rule}) to {quoted(wanted)}: {taken}")
        else:
            self._move = PlannedAction(position=0, action="move", parameters={"folder": folder}, rule=rule)
            self._asked.append(self._move)
            self._trace.add("action", "planned", f"move (rule {rule}) to {quoted(folder)}")

    def _mark_read(self, rule: str | None) -> None:
        who = f"mark_read (rule {rule})" if rule else "mark_read"
        if self._evidence.mail.receipt_requested:
            why = "the sender asks for a read receipt, which marking the mail would send"
            self._trace.add("action", "refused", f"{who}: {why}")
        elif not any(action.action == "mark_read" for action in self._in_mailbox):
            if rule:
                self._ask(self._in_mailbox, "mark_read", {}, rule)
            else:
                self._in_mailbox.append(PlannedAction(position=0, action="mark_read"))
                self._trace.add("action", "planned", "mark_read, as the mailbox says")

    def accepted(self) -> tuple[Attachment, ...]:
        """The attachments that become documents: of an accepted type, found by content.

        A picture that the body shows is none; a PDF always is one, whatever its part says about being inline.
        """
        return tuple(part for part in saved_attachments(self._evidence.mail) if not _why_not(part, self._mailbox))

    def create_accepted(self) -> None:
        """What Postrum does by itself: a document for each accepted attachment that no rule took."""
        for part in self._evidence.mail.attachments:
            name = quoted(part.name or part.path)
            if part not in saved_attachments(self._evidence.mail):
                self._trace.add("attachment", "not a document", f"{name}: a picture that is shown in the mail")
                continue
            why_not = _why_not(part, self._mailbox)
            if why_not:
                self._trace.add("attachment", "not a document", f"{name}: {why_not}")
            elif part.path in self._documents:
                self._trace.add("attachment", "document", f"{name}: planned by a rule")
            elif self.skipped_by:
                self._trace.add("attachment", "not a document", f"{name}: rule {self.skipped_by} says {SKIP_IMPORT}")
            else:
                self._create(part, None, {})

    def _create(self, part: Attachment, rule: str | None, wanted: Mapping[str, Any]) -> None:
        """Plan a document, once for a path, and once for the same bytes: a second one would be paid twice."""
        name = quoted(part.name or part.path)
        if part.path in self._documents:
            self._trace.add("attachment", "ignored", f"{name}: a document is planned already")
            return
        twin = self._contents.get(part.sha256) if part.sha256 else None
        if twin is not None:
            self._trace.add("attachment", "not a document", f"{name}: the very same file as {quoted(twin)}")
            return
        finding = self._finding(part.path)
        parameters: dict[str, Any] = {
            **wanted,
            "path": part.path,
            "name": storable(part.name or "", _PARAMETER_LIMIT),
            "media_type": part.detected_type,
            "kind": wanted.get("kind") or finding.kind or self._company.document_type,
        }
        for key in ("number", "seller", "total", "currency"):
            value = getattr(finding, key)
            if value is not None:
                parameters[key] = storable(value, _PARAMETER_LIMIT)
        self._documents.add(part.path)
        if part.sha256:
            self._contents[part.sha256] = part.name or part.path
        planned = PlannedAction(position=0, action="create_document", parameters=parameters, rule=rule)
        self._work.append(planned)
        if rule:
            self._asked.append(planned)
        by = f" (rule {rule})" if rule else ""
        self._trace.add("attachment", "document", f"{name}: {parameters['kind']}, {shown(part.detected_type)}{by}")

    def link(self, link: Link) -> None:
        """A link that was found."""
        parameters = link.model_dump(mode="json", exclude_none=True)
        self._work.append(PlannedAction(position=0, action="link", parameters=parameters))

    def finish(self) -> tuple[Outcome, tuple[PlannedAction, ...]]:
        """Where the mail ends, and all actions in their order, the move last."""
        outcome = Outcome.IMPORTED if self._documents else Outcome.OTHER
        move = self._move
        if move is not None and move.parameters["folder"] in (Outcome.IMPORTED, Outcome.OTHER):
            outcome = Outcome(move.parameters["folder"])
        if self._mailbox.mark_read and outcome is Outcome.IMPORTED:
            self._mark_read(None)
        if move is None and not self._mailbox.leave_in_place:
            move = PlannedAction(position=0, action="move", parameters={"folder": outcome.value})
        ordered = [*self._work, *self._in_mailbox, *([move] if move else [])]
        self._trace_order(ordered)
        if move is None:
            self._trace.add("placement", "stays", "this mailbox leaves mail where it is, and no rule moves it")
            return outcome, tuple(action.model_copy(update={"position": n}) for n, action in enumerate(ordered, 1))
        by = f"rule {move.rule}" if move.rule else f"{plural(self.documents, 'document')} planned"
        self._trace.add("placement", shown(str(move.parameters["folder"])), by)
        return outcome, tuple(action.model_copy(update={"position": n}) for n, action in enumerate(ordered, 1))

    def _trace_order(self, ordered: list[PlannedAction]) -> None:
        """Say so where the rules' own order was changed."""
        by_rules = [action for action in ordered if any(action is asked for asked in self._asked)]
        if [id(action) for action in by_rules] != [id(action) for action in self._asked]:
            late = listed(f"{one.action} (rule {one.rule})" for one in by_rules if one.action in MAILBOX_ACTIONS)
            self._trace.add("order", "changed", f"{late}: what happens in the mailbox comes last, the move last of all")


def _why_not(part: Attachment, mailbox: Mailbox) -> str:
    """Why an attachment does not become a document; empty where it does."""
    if part.reference:
        return "the file itself is not in the mail, only its address"
    detected = part.detected_type.lower()
    for accepted in mailbox.accepted_types:
        if detected == accepted or (accepted.endswith("/*") and detected.startswith(accepted[:-1])):
            return ""
    return f"{shown(part.detected_type)} is not a type that this mailbox accepts"
