"""The pages of Entra."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiohttp import web

from emulator.entra.errors import Told
from emulator.entra.flow import Flow
from emulator.entra.scopes import Scopes
from emulator.pages import button, form, page, paragraph, text
from emulator.tenants import ConsentRequest, Tenant
from emulator.users import User


def _login(flow: Flow, step: str, *parts: str) -> str:
    tenant = flow.tenant.id if flow.tenant else "organizations"
    return form(f"/{tenant}/login", {"ctx": flow.id, "step": step}, *parts)


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{text(item)}</li>' for item in items)}</ul>"


def _permissions(scopes: Scopes, roles: Sequence[str] = ()) -> str:
    everywhere = [f"{role} (application permission, for all mailboxes of the organisation)" for role in roles]
    return _list([*sorted(scopes.names), *everywhere])


def accounts(flow: Flow, tenants: Sequence[Tenant]) -> web.Response:
    """One button for each person: those of the tenant first, then those who do not belong to it."""
    hinted = [tenant for tenant in tenants if flow.domain_hint and tenant.domain == flow.domain_hint]
    own = [flow.tenant] if flow.tenant else hinted or list(tenants)
    others = [tenant for tenant in tenants if tenant not in own]
    parts = [paragraph(f"to continue to {flow.app.name}"), *(_people(flow, tenant) for tenant in own)]
    if any(tenant.users for tenant in others):
        parts += ["<h2>Use another account</h2>", *(_people(flow, tenant) for tenant in others)]
    return page("Pick an account", _login(flow, "account", *parts))


def _people(flow: Flow, tenant: Tenant) -> str:
    hinted = sorted(tenant.users.values(), key=lambda user: user.user_name.lower() != flow.login_hint)
    return "".join(button("user", user.user_name, user.name, small=_about(user), kind="account") for user in hinted)


def _about(user: User) -> str:
    return " · ".join(filter(None, (user.user_name, user.directory_role, ", ".join(user.roles))))


def second_factor(flow: Flow, user: User) -> web.Response:
    """Multi-factor authentication."""
    return page(
        "Approve sign-in request",
        paragraph(f"{user.user_name}: open the authenticator app and approve the request."),
        _login(flow, "mfa", button("answer", "approve", "Approve", kind="main"), button("answer", "cancel", "Cancel")),
    )


def consent(flow: Flow, user: User, *, may_for_all: bool) -> web.Response:
    """What the app wants, to be accepted or not."""
    box = (
        '<p><label><input type="checkbox" name="for_organisation" value="yes"> '
        "Consent on behalf of your organisation</label></p>"
        if may_for_all
        else ""
    )
    whole = paragraph("Review for your organisation.") if flow.purpose != "authorize" else ""
    return page(
        "Permissions requested",
        paragraph(user.user_name),
        whole,
        paragraph(f"{flow.app.name} ({flow.app.client_id}) would like to:"),
        _permissions(flow.scopes, flow.application_permissions),
        _login(
            flow,
            "consent",
            box,
            button("answer", "accept", "Accept", kind="main"),
            button("answer", "cancel", "Cancel"),
        ),
    )


def need_admin_approval(flow: Flow, user: User, told: Told) -> web.Response:
    """The person may not consent, and the workflow is off."""
    return page(
        "Need admin approval",
        paragraph(user.user_name),
        paragraph(
            f"{flow.app.name} needs permission to access resources in your organisation that only an admin can grant. "
            "Ask an admin to grant permission to this app before you can use it."
        ),
        f'<p id="code">{text(told.description)}</p>',
        _login(
            flow,
            "admin",
            button("answer", "another", "Have an admin account? Sign in with that account"),
            button("answer", "return", "Return to the application without granting consent"),
        ),
    )


def approval_required(flow: Flow, user: User) -> web.Response:
    """The person may ask an administrator."""
    return page(
        "Approval required",
        paragraph(user.user_name),
        paragraph(f"{flow.app.name} requires your admin's approval to:"),
        _permissions(flow.scopes),
        _login(
            flow,
            "request",
            '<p><label for="justification">Enter justification for requesting this app</label>'
            '<textarea id="justification" name="justification" required maxlength="500"></textarea></p>',
            button("answer", "send", "Request approval", kind="main"),
        ),
        _login(flow, "request", button("answer", "cancel", "Back without requesting")),
    )


def request_sent(flow: Flow) -> web.Response:
    """The end of this visit: the app is never called back."""
    return page(
        "Request sent",
        paragraph(
            f"Your admin has received your request for {flow.app.name}. You will be told by e-mail when it is decided."
        ),
    )


def error(code: int, told: Told) -> web.Response:
    """The person is told what is wrong."""
    title = "You cannot access this right now" if code == 53003 else "Sorry, but we're having trouble signing you in."
    return page(title, f'<p id="code">{text(told.description)}</p>', status=400)


def signed_out() -> web.Response:
    """No address to go back to."""
    return page("You signed out of your account", paragraph("It's a good idea to close all browser windows."))


def requests(tenant: Tenant) -> web.Response:
    """What people asked the administrators of a tenant for."""
    if not tenant.requests:
        return page("Admin consent requests", paragraph("There are no requests."))
    return page("Admin consent requests", *(_request(tenant, one) for one in tenant.requests))


def _request(tenant: Tenant, one: ConsentRequest) -> str:
    about = (
        f"<h2>{text(one.user)}</h2>"
        + paragraph(f"{one.client_id}, {one.created}, {one.status}")
        + paragraph(one.justification)
        + _list(one.scopes)
    )
    if one.status != "pending":
        return about
    action = f"/{tenant.id}/consent-requests"
    return about + form(
        action,
        {"request": one.id},
        button("answer", "approve", "Approve", kind="main"),
        button("answer", "deny", "Deny"),
    )
