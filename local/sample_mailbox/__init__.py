"""The sample mailbox: about forty mails, all invented, real in kind. `make demo`, screenshots and docs use it.

The same bytes at every run: fixed dates, Message-IDs and boundaries, no clock, nothing random.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from local.sample_mailbox.envelope import at
from local.sample_mailbox.mails_business import business_mails
from local.sample_mailbox.mails_machines import machine_mails
from local.sample_mailbox.mails_odd import odd_mails
from local.sample_mailbox.mails_people import people_mails
from local.sample_mailbox.model import Entry, Manifest, SampleMail
from local.sample_mailbox.parties import MAILBOX

__all__ = ["MAILBOX", "Entry", "Manifest", "sample_mails", "write_sample_mailbox"]

_SENT_TWICE = "da-invoice"


def sample_mails() -> list[SampleMail]:
    """All mails in the order of their arrival."""
    mails = [*business_mails(), *people_mails(), *machine_mails(), *odd_mails()]
    mails.extend(_duplicates(mails))
    return sorted(mails, key=lambda mail: (mail.received, mail.name))


def write_sample_mailbox(directory: Path) -> Manifest:
    """Write every mail as `NN-name.eml`, and `manifest.json`, into the directory; return the manifest."""
    directory.mkdir(parents=True, exist_ok=True)
    mails = sample_mails()
    files = {mail.name: f"{number:02}-{mail.name}.eml" for number, mail in enumerate(mails, 1)}
    for mail in mails:
        with (directory / files[mail.name]).open("wb") as out:
            out.writelines(mail.content)
    manifest = Manifest(
        mailbox=MAILBOX,
        mails=tuple(
            Entry(
                file=files[mail.name],
                received=mail.received,
                language=mail.language,
                what=mail.what,
                duplicate_of=files[mail.duplicate_of] if mail.duplicate_of else None,
                expected=mail.expected,
            )
            for mail in mails
        ),
    )
    (directory / "manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def _duplicates(mails: list[SampleMail]) -> Iterator[SampleMail]:
    """The same mail a second time, byte for byte, a day later: what a sender's retry makes."""
    for mail in mails:
        if mail.name == _SENT_TWICE:
            yield replace(
                mail,
                name=f"{mail.name}-again",
                received=at(3, 9, 15),
                what=f"{mail.what}, the same mail a second time",
                duplicate_of=mail.name,
            )
