"""The parts of the development host that do no I/O: host.json, routes, waiting, decoding, keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import local.host
from local.host import config
from local.host.bindings import AuthLevel
from local.host.config import HostConfig, QueueOptions, read_host_json, timespan
from local.host.errors import HostError
from local.host.keys import Keys
from local.host.polling import Backoff, decode, encode
from local.host.routes import compile_route
from local.host.storage import connection_string


def _read(folder: Path, document: Any) -> HostConfig:
    path = folder / "host.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_host_json(path)


def test_the_defaults_are_those_of_azure(tmp_path: Path) -> None:
    found = _read(tmp_path, {"version": "2.0"})
    assert found == HostConfig(
        queues=QueueOptions(
            batch_size=16,
            new_batch_threshold=8,
            max_dequeue_count=5,
            visibility_timeout=0,
            max_polling_interval=60,
            message_encoding="base64",
        ),
        route_prefix="api",
        function_timeout=1800,
    )
    assert HostConfig() == found


def test_every_key_that_is_honoured(tmp_path: Path) -> None:
    queues = {
        "batchSize": 32,
        "newBatchThreshold": 4,
        "maxDequeueCount": 7,
        "visibilityTimeout": "00:00:30",
        "maxPollingInterval": "00:00:02.5",
        "messageEncoding": "none",
    }
    found = _read(
        tmp_path,
        {
            "version": "2.0",
            "functionTimeout": "-1",
            "extensions": {"queues": queues, "http": {"routePrefix": "/a/b/"}},
            "logging": {"anything": 1},
            "extensionBundle": {"id": "x"},
            "telemetryMode": "OpenTelemetry",
        },
    )
    assert found == HostConfig(QueueOptions(32, 4, 7, 30, 2.5, "none"), route_prefix="a/b", function_timeout=None)


def test_every_key_stands_in_the_documentation() -> None:
    assert local.host.__doc__ is not None
    assert [key for key in config._KEYS if key not in local.host.__doc__] == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, '"version": "2.0" is missing'),
        ({"version": "1.0"}, 'version: "1.0"'),
        ({"version": "2.0", "singleton": {}}, "does not know the key singleton"),
        ({"version": "2.0", "extensions": {"blobs": {}}}, "does not know the key extensions.blobs"),
        ({"version": "2.0", "extensions": {"http": {"hsts": {}}}}, "does not know the key extensions.http.hsts"),
        ({"version": "2.0", "extensions": []}, "extensions must be a JSON object"),
        ({"version": "2.0", "functionTimeout": "5 minutes"}, 'functionTimeout: "5 minutes" is not a time span'),
        ({"version": "2.0", "functionTimeout": "00:00:00"}, "functionTimeout"),
        ({"version": "2.0", "extensions": {"queues": {"batchSize": 33}}}, "33 is not a whole number from 1 to 32"),
        ({"version": "2.0", "extensions": {"queues": {"batchSize": True}}}, "true is not a whole number"),
        ({"version": "2.0", "extensions": {"queues": {"maxDequeueCount": 0}}}, "maxDequeueCount: 0"),
        ({"version": "2.0", "extensions": {"queues": {"maxPollingInterval": "00:00:00.05"}}}, "maxPollingInterval"),
        ({"version": "2.0", "extensions": {"queues": {"visibilityTimeout": 30}}}, "30 is not a time span"),
        ({"version": "2.0", "extensions": {"queues": {"messageEncoding": "rot13"}}}, '"rot13" is neither'),
        ({"version": "2.0", "extensions": {"http": {"routePrefix": None}}}, "null is not a text"),
        ("{", "line 1: this is not JSON"),
        ("[]", "must hold a JSON object"),
    ],
)
def test_what_host_json_may_not_hold(tmp_path: Path, document: Any, expected: str) -> None:
    with pytest.raises(HostError) as caught:
        _read(tmp_path, document)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_host_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"host\.json does not exist"):
        read_host_json(tmp_path / "host.json")


@pytest.mark.parametrize(("text", "seconds"), [("00:00:00", 0), ("1.00:00:01.5", 86401.5), ("23:59:59", 86399)])
def test_time_spans(text: str, seconds: float) -> None:
    assert timespan(text) == seconds


@pytest.mark.parametrize("text", ["24:00:00", "00:60:00", "1:1", "", "-00:00:01", "00:00:00x", 5, None, []])
def test_no_time_spans(text: Any) -> None:
    with pytest.raises(ValueError, match="is not a time span"):
        timespan(text)


@pytest.mark.parametrize(
    ("prefix", "template", "path", "expected"),
    [
        ("api", "orders", "/api/orders", {}),
        ("api", "orders", "/API/Orders/", {}),
        ("", "orders", "/orders", {}),
        ("api", "orders", "/orders", None),
        ("", "orders/{id}", "/orders/a%2Fb", {"id": "a/b"}),
        ("", "orders/{id}", "/orders", None),
        ("", "orders/{id?}", "/orders", {}),
        ("", "orders/{id:int?}", "/orders/x", None),
        ("", "orders/{id:int}", "/orders/-12", {"id": "-12"}),
        ("", "orders/{id:int}", "/orders/99999999999", None),
        ("", "{id:guid}", "/0f8fad5b-d9cb-469f-a165-70867728950e", {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"}),
        ("", "{flag:bool}", "/TRUE", {"flag": "TRUE"}),
        ("", "/{*route}", "/", {}),
        ("", "/{*route}", "/a/b%20c", {"route": "a/b c"}),
        ("v1", "{*route}", "/v1", {}),
        ("v1", "{*route}", "/v1x", None),
        ("", "file-{name}.pdf", "/file-a.b.pdf", {"name": "a.b"}),
        ("", "a.b", "/axb", None),
    ],
)
def test_routes(prefix: str, template: str, path: str, expected: dict[str, str] | None) -> None:
    assert compile_route(prefix, template).match(path) == expected


@pytest.mark.parametrize("template", ["{*a}/b", "{a?}/b", "{a:regex}", "x{*a}", "{a=1}", "{", "a}b"])
def test_routes_that_are_not_understood(template: str) -> None:
    with pytest.raises(ValueError, match="the route"):
        compile_route("", template)


def test_waiting_grows_to_the_maximum_and_starts_anew() -> None:
    backoff = Backoff(2, jitter=lambda: 1.0)
    waits = [backoff.next() for _ in range(7)]
    assert waits[0] == pytest.approx(0.1)
    assert waits == sorted(waits)
    assert waits[-1] == 2
    assert len(set(waits)) > 3
    backoff.found()
    assert backoff.next() == pytest.approx(0.1)


@given(maximum=st.floats(0.1, 600), jitter=st.floats(0.8, 1.2), empty=st.integers(1, 200))
def test_waiting_stays_between_its_bounds(maximum: float, jitter: float, empty: int) -> None:
    backoff = Backoff(maximum, jitter=lambda: jitter)
    assert all(0.1 <= backoff.next() <= maximum for _ in range(empty))


@given(text=st.text(), encoding=st.sampled_from(["base64", "none"]))
def test_decoding_undoes_encoding(text: str, encoding: str) -> None:
    assert decode(encode(text, encoding), encoding) == text


@pytest.mark.parametrize("text", ["not base64", "YQ=", "YWJj!", "ü"])
def test_what_is_not_base64(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text, "base64")


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert decode("/w==", "base64") == "\ufffd"


def test_base64_may_be_broken_into_lines() -> None:
    assert decode("YWJj\r\nZGVm\n", "base64") == "abcdef"


@pytest.mark.parametrize(
    ("level", "shown", "allowed"),
    [
        (AuthLevel.ANONYMOUS, None, True),
        (AuthLevel.FUNCTION, None, False),
        (AuthLevel.FUNCTION, "", False),
        (AuthLevel.FUNCTION, "f", True),
        (AuthLevel.FUNCTION, "m", True),
        (AuthLevel.FUNCTION, "F", False),
        (AuthLevel.ADMIN, "f", False),
        (AuthLevel.ADMIN, "m", True),
    ],
)
def test_which_key_opens_what(level: AuthLevel, shown: str | None, allowed: bool) -> None:
    assert Keys(master="m", function="f").allow(level, shown) is allowed


def test_connections() -> None:
    assert connection_string("X", {"X": "one", "AzureWebJobsX": "two"}) == "one"
    assert connection_string("X", {"AzureWebJobsX": "two"}) == "two"
    assert "127.0.0.1:10001" in connection_string("X", {"X": "UseDevelopmentStorage=true;"})
    with pytest.raises(HostError, match="The setting X is missing"):
        connection_string("X", {"X": ""})
