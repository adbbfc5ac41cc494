"""What alerts say to people: one line that says what is wrong, and one that says what to do (pure).

Where an alert has a `cause`, the catalogue of errors says more, and says it better.
"""

from __future__ import annotations

from shared.language.texts import Texts
from shared.language.texts import gettext_noop as _
from shared.model.alert import Alert, AlertKind

TEXTS: dict[AlertKind, tuple[str, str]] = {
    AlertKind.MAILBOX_SILENT: (
        _("No successful run of {mailbox} for too long."),
        _("See whether the functions of this deployment run, and whether tasks wait in its queues."),
    ),
    AlertKind.CONNECTION_FAILING: (
        _("{mailbox} cannot be read."),
        _("Test the connection of the mailbox: the test says what is wrong and who can mend it."),
    ),
    AlertKind.CONSENT_REVOKED: (
        _("Access to {mailbox} is refused."),
        _("An administrator has to grant access again, or put the mailbox back into the scope."),
    ),
    AlertKind.SIGN_IN_NEEDED: (
        _("The account behind {mailbox} has to sign in again."),
        _("Open the mailbox and sign in. Mail that came meanwhile is taken in afterwards."),
    ),
    AlertKind.HOST_UNREACHABLE: (
        _("The mail server {place} does not answer."),
        _("This is not about single mailboxes: wait some minutes, then ask whoever runs the server."),
    ),
    AlertKind.TENANT_REFUSED: (
        _("The tenant {place} refuses its mailboxes."),
        _("This is not about single mailboxes: an administrator of the tenant has to grant access again."),
    ),
    AlertKind.JUNK_GROWING: (
        _("Mail for {mailbox} goes into Junk, where it is not taken in from."),
        _("Look into its Junk folder, move what belongs into the source folder, and mark its senders as safe."),
    ),
    AlertKind.SCOPE_OPEN: (
        _("A mailbox outside the scope can be read in the tenant {place}."),
        _("Withdraw the consent to mail permissions for the whole tenant, and run the script for the scope again."),
    ),
    AlertKind.CERTIFICATE_EXPIRING: (
        _("A certificate ends soon: {place}."),
        _("Put a new certificate into the vault and into the app registration before it ends."),
    ),
    AlertKind.SUBSCRIPTION_FAILING: (
        _("Change notifications for {mailbox} cannot be ordered."),
        _("No mail is lost: it comes with the schedule. See whether Microsoft can reach this deployment."),
    ),
    AlertKind.BACKLOG_QUESTION: (
        _("There is much old mail in the source folder of {mailbox}."),
        _("Open the mailbox and say what becomes of it; until then none of it is taken in."),
    ),
    AlertKind.POISON: (
        _("Tasks that could not be worked on wait for a person."),
        _("Look at them on the page of parked tasks, and put them again or remove them."),
    ),
}
_ALL_SILENT = _("No successful run of {count} mailboxes for too long.")


def title(alert: Alert, texts: Texts, *, mailbox: str = "") -> str:
    """What is wrong, in one line.

    Args:
        alert: what to speak of.
        texts: of the language.
        mailbox: what people call the mailbox; its id where it is not given.
    """
    if alert.kind is AlertKind.MAILBOX_SILENT and not alert.mailbox:
        return texts.say(_ALL_SILENT, count=alert.affected)
    return texts.say(TEXTS[alert.kind][0], mailbox=mailbox or alert.mailbox, place=alert.place)


def advice(alert: Alert, texts: Texts) -> str:
    """What to do about it, in one line."""
    return texts.gettext(TEXTS[alert.kind][1])
