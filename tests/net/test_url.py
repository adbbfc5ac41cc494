"""URLs when they are saved."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from shared.net.url import url_problems

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/hook?code=abc",
        "https://example.com./hook",
        "HTTPS://EXAMPLE.com/hook",
        "https://example.com:8443/hook",
        "https://bücher.example/hook",
        "https://hook_1.example.com/a%20b",
        "https://8.8.8.8/hook",
        "https://[2606:4700:4700::1111]/hook",
    ],
)
def test_good_urls(url: str) -> None:
    assert url_problems(url) == ()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must start with https://"),
        ("example.com/hook", "must start with https://"),
        ("ftp://example.com/", "must start with https://"),
        ("file:///etc/passwd", "must start with https://"),
        ("https:///hook", "must start with https://"),
        ("https:example.com", "must start with https://"),
        ("javascript:alert(1)", "must start with https://"),
        ("http://example.com/", "must be encrypted"),
        ("https://me:secret@example.com/", "user name or a password"),
        ("https://@example.com/", "user name or a password"),
        ("https://example.com/#part", "after #"),
        ("https://example.com/#", "after #"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:80/", "port"),
        ("https://example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://-a.example/", "not a possible name"),
        ("https://a..example/", "not a possible name"),
        ("https://" + "a" * 64 + ".example/", "not a possible name"),
        ("https://example.com/" + "a" * 2000, "at most 2000"),
    ],
)
def test_bad_urls_are_explained_in_plain_words(url: str, words: str) -> None:
    assert words in " ".join(url_problems(url))


@pytest.mark.fault("F07")
@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/\r\nHost: internal",
        "https://example.com/\n",
        "https://exa\tmple.com/",
        "https://example.com/a b",
        "https://example.com/\x00",
        "https://example.com/\u2028x",
        "https://example.com\\@internal/",
        " https://example.com/",
    ],
)
def test_line_breaks_and_the_like_never_reach_a_request(url: str) -> None:
    assert url_problems(url)


@pytest.mark.fault("F01")
@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "168.63.129.16", "localhost", "localhost.", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433",
     "0.0.0.0", "[64:ff9b::7f00:1]", "127.0.0.1.", "①②⑦.0.0.1", "rooms.azurewebsites.net", "intranet", "printer.local",
     "rooms.scm.azurewebsites.net", "metadata.google.internal", "[::]", "10.0.0.1", "router.home.arpa"],
)  # fmt: skip
def test_hosts_that_lead_inside_get_one_and_the_same_answer(host: str) -> None:
    assert url_problems(f"https://{host}/", own_hosts=("rooms.azurewebsites.net",)) == (
        "The URL must lead to an address that is reachable from the public internet.",
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:5005/sink", "http://localhost:5005/sink", "https://sink:8443/"])
def test_development_opens_what_it_names(url: str) -> None:
    assert url_problems(url, allow_http=True, allowed=LOOPBACK) == ()
    assert url_problems(url)


def test_every_problem_is_named_at_once() -> None:
    assert len(url_problems("http://me@10.0.0.1:22/#x")) == 5
