"""Models are frozen and strict, times sort as text, and identities never change."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

import shared.model
from shared.model.base import Model, stamp
from shared.model.config import Company, Folders, Mailbox, Series
from shared.model.run import document_id, lane_id, message_id


def _models() -> list[type[Model]]:
    found: set[type[Model]] = set()
    for info in pkgutil.iter_modules(shared.model.__path__):
        module = importlib.import_module(f"shared.model.{info.name}")
        found |= {item for _, item in inspect.getmembers(module, inspect.isclass) if issubclass(item, Model)}
    return sorted(found, key=lambda model: model.__name__)


@pytest.mark.parametrize("model", _models(), ids=lambda model: model.__name__)
def test_models_are_frozen_and_refuse_what_they_do_not_know(model: type[Model]) -> None:
    assert model.model_config["frozen"] is True
    assert model.model_config["extra"] == "forbid"


def test_there_are_models() -> None:
    assert len(_models()) > 40


def test_a_frozen_model_cannot_be_changed() -> None:
    folders = Folders(imported="Imported", other="Other")
    with pytest.raises(ValidationError):
        folders.other = "Elsewhere"  # type: ignore[misc]


def test_stamps_sort_in_the_order_of_time_whatever_the_zone() -> None:
    start = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    times = [
        start + timedelta(minutes=17 * step, microseconds=step) for step in range(200)
    ]  # over a change of the clock
    copenhagen = [time.astimezone(timezone(timedelta(hours=1 + step % 2))) for step, time in enumerate(times)]
    stamps = [stamp(time) for time in copenhagen]
    assert stamps == sorted(stamps)
    assert {len(text) for text in stamps} == {29}
    assert stamp(start) == "2026-03-28T23:30:00.000+00:00"


def test_identities_are_what_they_always_were() -> None:
    # stored for ever: a change would import every mail again
    assert message_id("nordlys", "Invoice@Nordlys.example", "graph", "AAMk-1") == message_id(
        "nordlys", "invoice@nordlys.example", "graph", "AAMk-1"
    )
    assert message_id("nordlys", "invoice@nordlys.example", "graph", "AAMk-1") == "qufbeco6cs6wuj7usj57gfj22q"
    assert document_id("a" * 26, "2/winmail.dat/1") == "23qbcuvtjrwxeapltjmzjdzaqa"
    assert lane_id("tenant", "app", "invoice@nordlys.example") == "qn7rkcc43m6u7kchhxsccqm2fy"


def test_identities_differ_where_anything_differs() -> None:
    values = {
        message_id("nordlys", "a@b.example", "graph", "AAMk-1"),
        message_id("nordlys", "a@b.example", "graph", "aamk-1"),  # provider ids are compared with case
        message_id("nordlys", "a@b.example", "imap", "AAMk-1"),
        message_id("suedwind", "a@b.example", "graph", "AAMk-1"),
        message_id("nordlys", "c@b.example", "graph", "AAMk-1"),
        document_id("nordlys", "a"),
        document_id("nordlysa", ""),
    }
    assert len(values) == 7


FOLDERS = {"imported": "Imported", "other": "Other"}


@pytest.mark.capability("S1.2")
@pytest.mark.parametrize(
    "address",
    [
        "invoice",
        "invoice@",
        "@company.example",
        "invoice@company",
        "a b@c.example",
        "<a@b.example>",
        "a@b.example, c@d.example",
        "",
    ],
)
def test_s1_2_an_address_is_a_full_one(address: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a full mail address such as invoice@company\.com"):
        Mailbox(id="invoices", address=address, folders=Folders(**FOLDERS))


@pytest.mark.capability("S1.2")
def test_s1_2_the_domain_is_kept_in_lower_case() -> None:
    mailbox = Mailbox(id="invoices", address=" Invoice@CompanyDomain.COM ".strip(), folders=Folders(**FOLDERS))
    assert mailbox.address == "Invoice@companydomain.com"


@pytest.mark.capability("S1.37")
@pytest.mark.parametrize(
    ("source", "imported", "other"),
    [("", "A", "A"), ("A", "A", "B"), ("B", "A", "B"), ("", "a/b", "A/B"), ("x", "X/", "b"), ("", "é", "É")],
)
def test_s1_37_three_folders_that_differ(source: str, imported: str, other: str) -> None:
    with pytest.raises(ValidationError, match="three different folders"):
        Folders(source=source, imported=imported, other=other)


@pytest.mark.capability("S1.37")
def test_s1_37_an_empty_source_is_the_inbox_and_paths_are_tidied() -> None:
    folders = Folders(imported=" Imported / 2026 /", other="Other")
    assert (folders.source, folders.imported, folders.other) == ("", "Imported/2026", "Other")


@pytest.mark.capability("S1.39")
@pytest.mark.parametrize(
    "folders",
    [{}, {"imported": "A"}, {"other": "B"}, {"imported": "", "other": "B"}, {"imported": "A", "other": " / "}],
)
def test_s1_39_both_folders_are_needed(folders: dict[str, str]) -> None:
    wanted = {"id": "invoices", "address": "invoice@company.com", "folders": folders}
    with pytest.raises(ValidationError, match="name a folder below the inbox for imported mail and another"):
        Mailbox.model_validate(wanted)
    # while it is set up, the folders are still to be chosen; where mail stays, there are none
    assert not Mailbox.model_validate(wanted | {"active": False}).active
    assert Mailbox.model_validate(wanted | {"leave_in_place": True}).active


@pytest.mark.parametrize(("series", "good"), [(0, False), (1, True), (2, False)])
def test_a_company_with_mailboxes_has_exactly_one_default_series(series: int, good: bool) -> None:
    mailbox = Mailbox(id="invoices", address="a@b.example", folders=Folders(**FOLDERS))
    defaults = tuple(Series(id=f"s{number}", default=True) for number in range(series))
    if good:
        assert Company(id="nordlys", name="N", mailboxes=(mailbox,), series=defaults).default_series() == defaults[0]
    else:
        with pytest.raises(ValidationError, match="exactly one number series must be marked default"):
            Company(id="nordlys", name="N", mailboxes=(mailbox,), series=defaults)
