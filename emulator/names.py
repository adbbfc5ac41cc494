"""The folders that every mailbox has, and what Outlook calls them in five languages."""

from __future__ import annotations

WELL_KNOWN: dict[str, bool] = {
    "inbox": False,
    "drafts": False,
    "sentitems": False,
    "deleteditems": False,
    "junkemail": False,
    "archive": False,
    "outbox": False,
    "conversationhistory": False,
    "searchfolders": True,
    "syncissues": True,
    "recoverableitemsdeletions": True,
}
"""Well-known name (Graph: resources/mailfolder) and whether the folder is hidden."""

_ENGLISH = {
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sentitems": "Sent Items",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "archive": "Archive",
    "outbox": "Outbox",
    "conversationhistory": "Conversation History",
    "searchfolders": "Search Folders",
    "syncissues": "Sync Issues",
    "recoverableitemsdeletions": "Recoverable Items",
}
_OTHERS: dict[str, tuple[str, ...]] = {
    "da": ("Indbakke", "Kladder", "Sendt post", "Slettet post", "Uønsket mail", "Arkiv", "Udbakke", "Samtalehistorik"),
    "nl": (
        "Postvak IN", "Concepten", "Verzonden items", "Verwijderde items", "Ongewenste e-mail", "Archief",
        "Postvak UIT", "Gespreksgeschiedenis",
    ),
    "de": (
        "Posteingang", "Entwürfe", "Gesendete Elemente", "Gelöschte Elemente", "Junk-E-Mail", "Archiv", "Postausgang",
        "Aufgezeichnete Unterhaltungen",
    ),
    "sv": (
        "Inkorgen", "Utkast", "Skickat", "Borttaget", "Skräppost", "Arkiv", "Utkorgen", "Konversationshistorik",
    ),
}  # fmt: skip


def display_names(language: str) -> dict[str, str]:
    """The display name of each well-known folder; unknown languages are English."""
    names = dict(_ENGLISH)
    names.update(zip(_ENGLISH, _OTHERS.get(language, ()), strict=False))
    return names
