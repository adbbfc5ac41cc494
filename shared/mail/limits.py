"""The limits of reading a mail, in one place, and the account that is kept against them.

A limit that is reached never loses a mail and never raises: the raw message is kept by whoever stores it, the reading
says `complete=False`, and a warning names what was not looked at. The figures follow the best-known systems: Dovecot
(100 nested parts, 10,000 parts), postal-mime (2 MiB of headers summed over all parts, attached mails 10 deep) and
Postfix (100 KB for one header).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.model.mail import MailWarning

__all__ = ["Account", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a mail is looked at."""

    nesting: int = 100
    """Multiparts inside each other."""
    parts: int = 10_000
    """Parts in all, over every attached mail."""
    header_bytes: int = 2 << 20
    """Headers summed over all parts."""
    header_fields: int = 100_000
    """Header fields summed over all parts."""
    structured_header: int = 100_000
    """One header that is taken apart (addresses, dates, parameters); the rest of it is left unread."""
    mails_deep: int = 10
    """Mails attached to mails attached to mails."""
    body_bytes: int = 1 << 20
    """Collected for `text` and for `html`, each; the attachments are not touched by this."""
    container_bytes: int = 24 << 20
    """A winmail.dat, an Outlook .msg or a signed envelope that has to be in memory to be opened; what it holds is there
    a second time while it is handed on, and both have to fit into 64 MiB."""
    open_archives: bool = False
    """Whether zip and tar are opened; they are listed in any case."""
    archive_bytes: int = 16 << 20
    """Unpacked from one archive."""
    archive_ratio: int = 100
    """How many times its own size an archive may become, and a mebibyte more."""
    archive_members: int = 1000
    """Files taken out of one archive."""
    warnings: int = 100
    """Warnings kept; one more says that there were others."""


@dataclass(slots=True)
class Account:
    """What has been used of the limits, shared by a mail and all mails inside it."""

    limits: Limits
    parts: int = 0
    header_bytes: int = 0
    header_fields: int = 0
    complete: bool = True
    warnings: list[MailWarning] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def warn(self, code: str, detail: str = "") -> None:
        """Note something that a person may want to know about this mail, once."""
        detail = detail[:300]
        if (code, detail) in self._seen:
            return
        if len(self.warnings) >= self.limits.warnings:
            if ("more", "") not in self._seen:
                self._seen.add(("more", ""))
                self.warnings.append(MailWarning(code="more_warnings", detail="there were more warnings than are kept"))
            return
        self._seen.add((code, detail))
        self.warnings.append(MailWarning(code=code, detail=detail))

    def breach(self, code: str, detail: str) -> None:
        """Note that a limit was reached, so that the reading is not complete."""
        self.complete = False
        self.warn(code, detail)
