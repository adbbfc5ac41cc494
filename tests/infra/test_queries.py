"""The queries of alerts and workbook ask for what the code really logs."""

from __future__ import annotations

import ast
import re

import pytest

from tests.infra.repository import INFRA, ROOT, TEMPLATE, load

QUERIES = {file.name: file.read_text("utf-8") for file in sorted((INFRA / "app" / "queries").glob("*.kql"))}
PANELS = {item["name"]: item["content"]["query"] for item in load("app/workbook.json")["items"] if item["type"] == 3}
ALL = QUERIES | PANELS
EVENT = re.compile(r'"([a-z]+_[a-z_]+)"')


def logged() -> dict[str, set[str]]:
    """Name of an event → fields that every call of `event` or `problem` with that name gives."""
    found: dict[str, set[str]] = {}
    for folder in ("shared", "functions"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            for node in ast.walk(tree):
                if (
                    not isinstance(node, ast.Call)
                    or not isinstance(node.func, ast.Name)
                    or node.func.id not in ("event", "problem")
                ):
                    continue
                if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                    fields = {name for keyword in node.keywords for name in given(keyword, tree)}
                    name = node.args[0].value
                    found[name] = found[name] & fields if name in found else fields
    return found


def given(keyword: ast.keyword, tree: ast.Module) -> set[str]:
    """The fields of one argument: its name, or for `**fields` the keys that the file gives to `fields`."""
    if keyword.arg is not None:
        return {keyword.arg}
    written = [
        {key.value for key in node.value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict)
        and isinstance(keyword.value, ast.Name)
        and [target.id for target in node.targets if isinstance(target, ast.Name)] == [keyword.value.id]
    ]
    return set.intersection(*written) if written else set()


LOGGED = logged()


def test_there_are_queries() -> None:
    assert len(QUERIES) == 4
    assert len(PANELS) >= 6
    assert len(LOGGED) > 10


@pytest.mark.parametrize("name", ALL)
def test_every_event_of_a_query_is_logged(name: str) -> None:
    assert set(EVENT.findall(ALL[name])) <= set(LOGGED)


@pytest.mark.parametrize("name", ALL)
def test_every_field_of_a_query_is_logged(name: str) -> None:
    """Each `parse` reads a field that all the events of its part of the query have."""
    for part in re.split(r"\blet \w+ =|;\n", ALL[name]):
        events = EVENT.findall(part.partition("| parse")[0])
        for field in re.findall(r"""parse Message with \* "(\w+)='" """, part):
            assert events
            assert all(field in LOGGED[event] for event in events), field


def test_texts_are_logged_as_the_queries_expect(caplog: pytest.LogCaptureFixture) -> None:
    from shared.telemetry import event

    with caplog.at_level("INFO", logger="postrum"):
        event("folder_listed", company="demo", mailbox="invoices", mails=3)
    line = caplog.messages[0]
    assert line.split(" ")[0] == "folder_listed"
    assert re.search(r"company='(.*?)'.*mailbox='(.*?)'", line)[1] == "demo"  # type: ignore[index]


def test_an_outcome_is_logged_as_text(caplog: pytest.LogCaptureFixture) -> None:
    from shared.telemetry import event

    with caplog.at_level("INFO", logger="postrum"):
        event("event_sent", subscriber="erp", event="1", reason="delivered", status=200)
    assert "reason='delivered'" in caplog.messages[0]


def test_a_delivery_that_arrived_has_the_reason_that_the_queries_know() -> None:
    from shared.webhooks.attempt import Reason

    known = {value for query in ALL.values() for value in re.findall(r'Reason [!=]= "(\w+)"', query)}
    assert known == {Reason.DELIVERED.value}


def test_every_query_belongs_to_an_alert() -> None:
    source = TEMPLATE.files["app/alerts.bicep"].source
    assert sorted(re.findall(r"loadTextContent\('queries/([\w-]+\.kql)'\)", source)) == sorted(QUERIES)


def test_a_notice_is_split_by_columns_that_its_query_gives() -> None:
    source = TEMPLATE.files["app/alerts.bicep"].source
    split = {
        query: re.findall(r"'(\w+)'", columns)
        for query, columns in re.findall(r"queries/([\w-]+\.kql)'\)\s+window: .*\s+columns: \[([^\]]*)\]", source)
    }
    assert set(split) == set(QUERIES)
    assert split["alerts.kql"] == ["What", "Kind", "Company", "Mailbox"]
    for query, columns in split.items():
        last = QUERIES[query].strip().splitlines()[-1]
        assert all(re.search(rf"\b{column}\b", last) for column in columns), query


def test_what_postrum_raises_and_clears_is_told_once_each() -> None:
    """Its own alerts are events: two of them, never resolved by time, and each counted in the quarter of an hour that it came in."""
    source = TEMPLATE.files["app/alerts.bicep"].source
    rule = source[source.index("name: 'alerts'") : source.index("name: 'deliveries'")]
    assert "lasts: false" in rule
    assert source.count("lasts: false") == 1
    assert "autoMitigate: rule.lasts" in source
    assert "evaluationFrequency: 'PT15M'" in source
    assert "ingestion_time() > ago(15m)" in QUERIES["alerts.kql"]


def test_an_alert_that_finds_nothing_is_silent() -> None:
    """All alerts count rows, so a query must give rows only where something is wrong."""
    source = TEMPLATE.files["app/alerts.bicep"].source
    assert "timeAggregation: 'Count'" in source
    for query in QUERIES.values():
        assert re.search(r"\| where ", query)
