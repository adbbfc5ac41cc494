"""What people call the stable codes of the product. A code without an entry is shown as its own words."""

from __future__ import annotations

from typing import Final

from shared.language.texts import gettext_noop
from shared.model.person import Role

LABELS: Final[dict[str, str]] = {
    # stages of a message
    "found": gettext_noop("found"),
    "archived": gettext_noop("archived"),
    "decided": gettext_noop("decided"),
    "acted": gettext_noop("acted on"),
    "announced": gettext_noop("done"),
    "parked": gettext_noop("parked"),
    "gone": gettext_noop("gone"),
    # outcomes and reasons, as in docs/reasons.md
    "imported": gettext_noop("imported"),
    "other": gettext_noop("other"),
    "document_accepted": gettext_noop("a document was made"),
    "moved_by_rule": gettext_noop("moved by a rule"),
    "import_skipped_by_rule": gettext_noop("import skipped by a rule"),
    "no_accepted_document": gettext_noop("no accepted document"),
    "automatic_auto_reply": gettext_noop("automatic reply"),
    "automatic_bounce": gettext_noop("could not be delivered"),
    "automatic_complaint": gettext_noop("report about unwanted mail"),
    "automatic_read_receipt": gettext_noop("read receipt"),
    "sender_authentication_failed": gettext_noop("the sender's address failed the check"),
    "duplicate": gettext_noop("the same mail is here already"),
    "not_archived": gettext_noop("could not be archived"),
    "not_fetched": gettext_noop("could not be fetched"),
    "folder_unusable": gettext_noop("the folder cannot be used"),
    "mailbox_unreachable": gettext_noop("the mailbox could not be reached"),
    "configuration": gettext_noop("a setting is wrong"),
    "given_up": gettext_noop("given up"),
    "unexpected_error": gettext_noop("a defect of Postrum"),
    "permission_denied": gettext_noop("access refused"),
    "not_found": gettext_noop("something needed is missing"),
    "rule_invalid": gettext_noop("a rule cannot be evaluated"),
    "permanent": gettext_noop("an action cannot be done"),
    "too_slow": gettext_noop("it took too long"),
    "throttled": gettext_noop("the service asked for patience"),
    "service_unavailable": gettext_noop("the service failed"),
    "network": gettext_noop("no answer came"),
    "concurrent_write": gettext_noop("changed by somebody else meanwhile"),
    # kinds of mail and documents, and where documents lie
    "invoice": gettext_noop("invoice"),
    "credit_note": gettext_noop("credit note"),
    "order": gettext_noop("order"),
    "reminder": gettext_noop("reminder"),
    "auto_reply": gettext_noop("automatic reply"),
    "bounce": gettext_noop("could not be delivered"),
    "document_import": gettext_noop("document import"),
    "worklist": gettext_noop("worklist"),
    "moved": gettext_noop("moved"),
    # ways to a mailbox
    "graph_app": gettext_noop("Exchange Online, the app acts by itself"),
    "graph_delegated": gettext_noop("Exchange Online, with the rights of an account"),
    "imap_microsoft": gettext_noop("Exchange Online by IMAP, with the rights of an account"),
    "imap_password": gettext_noop("Another mail server by IMAP"),
    "google": gettext_noop("Gmail or Google Workspace"),
    # roles
    Role.OWNER.value: gettext_noop("Owner"),
    Role.OPERATOR.value: gettext_noop("Operator"),
    Role.RULE_AUTHOR.value: gettext_noop("Rule author"),
    Role.AUDITOR.value: gettext_noop("Auditor"),
    Role.READER.value: gettext_noop("Reader"),
    Role.CONTENT_READER.value: gettext_noop("Content reader"),
}
LANGUAGE_NAMES: Final[dict[str, str]] = {
    "en": "English",
    "da": "Dansk",
    "nl": "Nederlands",
    "de": "Deutsch",
    "sv": "Svenska",
}
"""Each in itself: whoever looks for their language may not read the present one."""


def label(code: str) -> str:
    """The English name of a code; goes through the catalogue where it is shown."""
    return LABELS.get(code) or code.replace("_", " ")
