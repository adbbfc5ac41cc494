"""What is wrong with a configuration, told all at once and in plain words, before it is used.

`validate` gives problems: the configuration is refused. `warnings` gives what an administrator probably did not mean.
The model itself checks ids, folders and addresses; here are the checks that need the tables of fields, operators and
actions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from pydantic import BaseModel, ValidationError

from shared.classify.conditions import flatten, resolve, sentence
from shared.classify.folders import circles, holds_for, moves, place
from shared.classify.links import SUBJECT_LIMIT
from shared.classify.plan import SKIP_IMPORT
from shared.classify.reach import constant, unreached
from shared.classify.text import fold, listed, quoted, shown, suggestion
from shared.errors import RuleInvalid
from shared.model.config import ActionStep, Company, Mailbox, Rule, Test

type Actions = Mapping[str, type[BaseModel]]
"""The actions that there are: name → model of the parameters that a rule may give."""


def validate(company: Company, actions: Actions) -> list[str]:
    """Problems for which the configuration is refused; empty where it is good."""
    problems = [problem for rule in company.rules for problem in validate_rule(rule, company, actions)]
    return [*problems, *circles(company), *_keyword_problems(company)]


def validate_rule(rule: Rule, company: Company, actions: Actions) -> list[str]:
    """Problems of one rule, each starting with its name. Rules that are not active are checked too."""
    found = [*_condition_problems(rule), *_action_problems(rule, company, actions), *_move_problems(rule, company)]
    return [f"rule {rule.id!r}: {problem}" for problem in found]


def warnings(company: Company) -> list[str]:
    """What can be used as it is, but was probably not meant so."""
    found: list[str] = []
    with suppress(RuleInvalid):  # a condition that is too large is told as a problem
        for rule, before in unreached(company):
            why = f"rule {before.id!r} stops before it for every mail that could match"
            found.append(f"rule {rule.id!r} is never tried: {why}")
    for rule in company.rules:
        found += [f"rule {rule.id!r}: {warning}" for warning in _rule_warnings(rule, company)]
    return [*found, *_keyword_warnings(company)]


def _condition_problems(rule: Rule) -> Iterator[str]:
    try:
        nodes = flatten(rule.when)
    except RuleInvalid as problem:
        yield problem.message
        return
    good = True
    for node in nodes:
        if isinstance(node.condition, Test):
            try:
                resolve(node.condition)
            except RuleInvalid as problem:
                good = False
                yield f"condition {node.number} ({shown(sentence(node.condition))}): {problem.message}"
    if good and constant(rule.when) is False:
        yield "its condition can never be true, so it can never do anything"


def _action_problems(rule: Rule, company: Company, actions: Actions) -> Iterator[str]:
    for position, step in enumerate(rule.actions, 1):
        where = f"action {position} ({shown(step.action)})"
        if step.action == SKIP_IMPORT:
            if step.parameters:
                yield f"{where}: takes no parameters, but has {listed(sorted(map(shown, step.parameters)))}"
            continue
        model = actions.get(step.action)
        if model is None:
            yield f"{where}: there is no such action; {suggestion(step.action, [*actions, SKIP_IMPORT])}"
            continue
        yield from (f"{where}: {problem}" for problem in _parameter_problems(step, model))
        series = step.parameters.get("series") if step.action == "create_document" else None
        if isinstance(series, str) and series not in {known.id for known in company.series}:
            known = listed(sorted(one.id for one in company.series)) or "none"
            yield f"{where}: there is no number series {quoted(series)}; known are {known}"


def _parameter_problems(step: ActionStep, model: type[BaseModel]) -> Iterator[str]:
    try:
        model.model_validate(step.parameters)
    except ValidationError as errors:
        for error in errors.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in error["loc"])
            if error["type"] == "missing":
                yield f"{name} is missing"
            elif error["type"] == "extra_forbidden":
                known = [field.alias or key for key, field in model.model_fields.items()]
                yield f"there is no parameter {quoted(name)}; {suggestion(name, known) if known else 'it takes none'}"
            else:
                yield f"{name}: {error['msg']}" if name else error["msg"]


def _mailboxes(rule: Rule, company: Company) -> list[Mailbox]:
    return [mailbox for mailbox in company.mailboxes if holds_for(rule, mailbox)]


def _move_problems(rule: Rule, company: Company) -> Iterator[str]:
    for position, wanted in moves(rule):
        told: set[str] = set()
        for mailbox in _mailboxes(rule, company):
            _, problem = place(wanted, mailbox.folders)
            if problem and problem not in told:
                told.add(problem)
                yield f"action {position} (move to {quoted(wanted)}), mailbox {mailbox.id!r}: {problem}"


def _rule_warnings(rule: Rule, company: Company) -> Iterator[str]:
    written = list(moves(rule))
    if len(written) > 1:
        yield f"only its first move counts; the one to {quoted(written[1][1])} is ignored"
    for position, wanted in written:
        first = wanted.strip("/ ").partition("/")[0].strip()
        if fold(first) in ("inbox", "indbakke", "posteingang", "postvak in", "inkorgen"):
            why = "folders are named from below the inbox"
            yield f"action {position}: {why}, so this is a folder {quoted(first)} inside the inbox"
    affected = _mailboxes(rule, company)
    if rule.active and affected and not any(mailbox.active for mailbox in affected):
        yield "none of its mailboxes is active"


def _keyword_problems(company: Company) -> Iterator[str]:
    for keyword in company.keywords:
        for word in keyword.words:
            if not any(char.isalpha() for char in word):
                yield f"keyword {quoted(word)}: a keyword needs a letter, or every number in a subject would be linked"
            if len(word) > SUBJECT_LIMIT:
                yield f"keyword {quoted(word, 20)} is longer than the part of a subject that is searched"
        if any(char.isalnum() for char in keyword.separators):
            yield f"keyword {quoted(keyword.words[0])}: a separator is a sign, not a letter or digit"


def _keyword_warnings(company: Company) -> Iterator[str]:
    seen: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for keyword in company.keywords:
        mailboxes = frozenset(keyword.mailboxes)
        for word in dict.fromkeys(fold(" ".join(word.split())) for word in keyword.words):
            for entity, others in seen.get(word, []):
                if not mailboxes or not others or mailboxes & others:
                    both = f"{entity} and for {keyword.entity.value}"
                    yield f"keyword {quoted(word)} stands for {both} in one mailbox; the first is taken"
            seen.setdefault(word, []).append((keyword.entity.value, mailboxes))
        if keyword.entity not in company.modules:
            unused = f"this company does not use {keyword.entity.value}"
            yield f"keyword {quoted(keyword.words[0])}: {unused}, so the keyword is ignored"
