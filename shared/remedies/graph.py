"""What refusals of Microsoft Graph mean. https://learn.microsoft.com/graph/errors."""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy, Severity

_PROXY = _(
    "Check the address of Graph (POSTRUM_GRAPH_URL), and whether a proxy or a sign-in page of the network stands between."
)
_ADDRESS = _("Check the address, and that the mailbox is in Exchange Online and has not been deleted.")

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "graph_access_denied",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("Exchange does not let Postrum into this mailbox[: {mailbox}]."),
        _(
            "Add the mailbox to the scope with the script of Postrum. If this was done, wait: it takes 30 minutes to two hours until "
            "Exchange has told all its servers."
        ),
        links.APPLICATION_RBAC,
    ),
    Remedy(
        "graph_mailbox_not_found",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("There is no such mailbox in the tenant[: {mailbox}]."),
        _ADDRESS,
        links.EXCHANGE_MAILBOXES,
    ),
    Remedy(
        "graph_mailbox_not_enabled",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _(
            "The mailbox cannot be reached through Graph: it is inactive, has no licence, or lies on a server of your own."
        ),
        _(
            "Give it a licence, or make it a shared mailbox in Exchange Online. A mailbox elsewhere is connected by IMAP."
        ),
        links.EXCHANGE_MAILBOXES,
    ),
    Remedy(
        "graph_token_refused",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _(
            "Graph no longer accepts the access of Postrum: consent was withdrawn, or the application or account was disabled."
        ),
        _("Look at the enterprise application. If it is enabled, open the consent link again."),
        links.ENTERPRISE_APPLICATION,
    ),
    Remedy(
        "graph_throttled",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("Microsoft asked for patience: too many requests for this mailbox."),
        WAIT,
        links.GRAPH_THROTTLING,
        Severity.WARNING,
    ),
    Remedy(
        "graph_unavailable",
        Kind.SERVICE,
        Reach.HOST,
        Owner.NOBODY,
        _("Microsoft Graph failed or is not available at the moment."),
        WAIT,
    ),
    Remedy(
        "graph_quota",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The mailbox is full, or the mail is too large for it."),
        _("Make room in the mailbox, or have its quota raised."),
    ),
    Remedy(
        "graph_too_large",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("The mail is larger than the mailbox accepts."),
        _("Raise the largest message size of the mailbox in Exchange, or deal with this mail by hand."),
    ),
    Remedy(
        "graph_too_many_folders",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The mailbox has more folders below the inbox than can be listed."),
        _("Move folders that are not needed out of the inbox, then load the list again."),
    ),
    Remedy(
        "graph_too_many_attachments",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("Microsoft could not give this mail whole, and it has too many attachments to be put together again."),
        _("Deal with this mail by hand; it stays in its folder."),
    ),
    Remedy(
        "graph_delta_lost",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("Microsoft forgot how far the folder was read."),
        _("Nothing to do: the folder is read anew, and nothing is imported twice."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_delta_quota",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("The mailbox keeps too many change states of programs that follow it."),
        _(
            "Nothing to do: Postrum begins the listing again later. If it lasts, see which other programs follow the mailbox."
        ),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_folder_gone",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("A folder that was chosen for this mailbox no longer exists."),
        _("Choose the folders of the mailbox again."),
    ),
    Remedy(
        "graph_message_gone",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("The mail was deleted or moved out of the mailbox before it could be fetched."),
        _("Nothing to do: it is recorded with its subject."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_malformed",
        Kind.SERVICE,
        Reach.HOST,
        Owner.DEPLOYMENT,
        _("What came as an answer of Graph cannot be understood, or leads to another host."),
        _PROXY,
    ),
    Remedy(
        "graph_redirected",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.DEPLOYMENT,
        _("Graph answered by pointing to another address, which is not followed."),
        _PROXY,
    ),
    Remedy(
        "graph_refused",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.DEPLOYMENT,
        _("Graph refused a request[: {code}]."),
        _("Look at the technical part and at the log. Report it if it comes back."),
    ),
    Remedy(
        "graph_subscription_validation",
        Kind.NETWORK,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("Microsoft could not reach the address for notifications, or did not get its answer within ten seconds."),
        _(
            "Check that POSTRUM_PUBLIC_URL can be reached from the internet. Until then mail comes at the next scheduled run; nothing "
            "is lost."
        ),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_subscription_limit",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("The mailbox has as many notification subscriptions as Microsoft allows."),
        _("End subscriptions of other programs. Until then mail comes at the next scheduled run; nothing is lost."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_subscription_shared_mailbox",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("An account that signed in gets no notifications for a mailbox of somebody else."),
        _(
            "Nothing to do: mail comes at the next scheduled run. For notifications, connect it with the application's own access."
        ),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_subscription_refused",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.DEPLOYMENT,
        _("Microsoft refused to send notifications for this mailbox."),
        _("Look at the technical part. Until then mail comes at the next scheduled run; nothing is lost."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "graph_subscription_gone",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("Microsoft ended the notifications for this mailbox."),
        _("Nothing to do: Postrum orders them again."),
        "",
        Severity.WARNING,
    ),
)

ALIASES: dict[str, str] = {"graph_mailbox_not_shared": "account_without_access"}
