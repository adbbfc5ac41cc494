from __future__ import annotations

import pytest

from shared.model.mail import Authentication
from tests.mail.build import lines, read

PASS = "spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org; dmarc=pass header.from=example.org"
EXCHANGE = (
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dkim=pass header.d=example.org;"
    "dmarc=pass action=none;compauth=pass reason=100"
)


def seen(*head: str, trust: str = "mx.example.net", sender: str = "ada@example.org") -> Authentication:
    return read(lines(*head, f"From: {sender}", "", "hi"), trust=[trust] if trust else [])[0].authentication


def test_the_trusted_boundary_is_believed() -> None:
    found = seen(f"Authentication-Results: mx.example.net; {PASS}; arc=none")
    assert found == Authentication(
        trusted=True, authserv_id="mx.example.net", spf="pass", dkim="pass", dmarc="pass", arc="none", aligned=True
    )


@pytest.mark.fault("E04")
@pytest.mark.pain("C19")
@pytest.mark.parametrize(
    "head",
    [
        [f"Authentication-Results: mx.evil.example; {PASS}"],
        [f"Authentication-Results: mx.example.net.evil.example; {PASS}"],
        [f"Authentication-Results: x (mx.example.net; {PASS}); none"],
        [
            "Authentication-Results: mx.example.net; dkim=fail",
            "Received: from a by b",
            f"Authentication-Results: mx.example.net; {PASS}",
        ],
        [
            "Authentication-Results: mx.example.net; spf=fail; dkim=none",
            f"AUTHENTICATION-results:\r\n mx.example.net;\r\n {PASS}",
        ],
        [f'Authentication-Results: mx.example.net; dkim=none reason="; {PASS}"'],
        [f"Authentication-Results: mx.example.net; dkim=none ({PASS}; {PASS})"],
        [f"X-Authentication-Results: mx.example.net; {PASS}"],
        [f"Authentication-Results: {EXCHANGE}"],
        [],
    ],
)
def test_what_others_wrote_is_never_believed(head: list[str]) -> None:
    found = seen(*head)
    assert not (found.trusted and found.aligned)
    assert found.dkim != "pass"


@pytest.mark.fault("E03")
def test_a_signature_of_somebody_else_is_not_aligned() -> None:
    found = seen("Authentication-Results: mx.example.net; dkim=pass header.d=evil.example")
    assert found.trusted
    assert not found.aligned
    assert seen("Authentication-Results: mx.example.net; dkim=pass header.d=mail.example.org").aligned
    assert not seen("Authentication-Results: mx.example.net; dkim=pass header.d=org").aligned
    assert not seen("Authentication-Results: mx.example.net; dkim=pass header.d=example.org; dmarc=fail").aligned


@pytest.mark.fault("C10")
def test_several_authors_are_never_aligned() -> None:
    assert not seen(
        f"Authentication-Results: mx.example.net; {PASS}", sender="ada@example.org, boss@example.com"
    ).aligned


def test_exchange_writes_no_name_and_is_believed_only_when_asked() -> None:
    found = seen(f"Authentication-Results: {EXCHANGE}", trust="exchange")
    assert (found.trusted, found.compauth, found.authserv_id, found.aligned) == (True, "pass", None, True)
    assert not seen(f"Authentication-Results: mx.evil.example; {PASS}", trust="exchange").trusted
    assert not seen(f"Authentication-Results: {EXCHANGE}", trust="").trusted


def test_a_boundary_that_writes_one_field_a_method() -> None:
    found = seen(
        "Authentication-Results: mx.example.net; spf=pass",
        "Authentication-Results: mx.example.net; dkim=pass header.i=@example.org",
    )
    assert (found.spf, found.dkim, found.aligned) == ("pass", "pass", True)
