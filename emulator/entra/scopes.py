"""Resources and scopes: what a ``scope`` parameter asks for (Entra: scopes-oidc)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emulator.entra.errors import EntraError
from emulator.tenants import App

GRAPH = "https://graph.microsoft.com"
OUTLOOK = "https://outlook.office.com"
OUTLOOK_365 = "https://outlook.office365.com"
EXCHANGE = frozenset({OUTLOOK, OUTLOOK_365})
EXCHANGE_ROLES = frozenset({"IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"})
"""Application permissions that belong to Office 365 Exchange Online; all others are Graph's."""

RESOURCES = {
    GRAPH: GRAPH,
    "00000003-0000-0000-c000-000000000000": GRAPH,
    OUTLOOK_365: OUTLOOK_365,
    OUTLOOK: OUTLOOK,
    "api://AzureADTokenExchange": "api://AzureADTokenExchange",
    "https://storage.azure.com": "https://storage.azure.com",
    "https://vault.azure.net": "https://vault.azure.net",
}
OIDC = frozenset({"openid", "profile", "email", "offline_access"})
_MAIL = {f"{name}{shared}" for name in ("Mail.Read", "Mail.ReadWrite", "Mail.Send") for shared in ("", ".Shared")}
_EXISTING: dict[str, frozenset[str]] = {
    GRAPH: frozenset({*_MAIL, "Mail.ReadBasic", "Mail.ReadBasic.Shared", "MailboxSettings.Read", "User.Read", *OIDC}),
    **{one: frozenset({"IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"}) for one in EXCHANGE},
}


@dataclass(frozen=True)
class Scopes:
    """What was asked: OpenID scopes by their name, all others as ``resource/name``."""

    names: frozenset[str]

    def resources(self) -> list[str]:
        """The resources that are named, Graph where only OpenID scopes are."""
        return sorted({name.rpartition("/")[0] for name in self.names - OIDC}) or [GRAPH]

    def of(self, resource: str) -> frozenset[str]:
        """The scopes of one resource, and the OpenID ones."""
        return frozenset(name for name in self.names if name in OIDC or name.rpartition("/")[0] == resource)

    def short(self, resource: str) -> list[str]:
        """The names of one resource as the ``scp`` claim has them; Graph's has the OpenID ones too."""
        own = {name.rpartition("/")[2] for name in self.names - OIDC if name.rpartition("/")[0] == resource}
        return sorted(own | (self.names & (OIDC - {"offline_access"}) if resource == GRAPH else set()))


def role_resource(role: str) -> str:
    """The resource of an application permission."""
    return OUTLOOK_365 if role in EXCHANGE_ROLES else GRAPH


def own_api(app: App, resource: str) -> bool:
    """Whether the resource is the app itself."""
    return resource in (app.client_id, f"api://{app.client_id}")


def manifest(app: App, resource: str) -> frozenset[str]:
    """The delegated permissions of the manifest for a resource."""
    wanted = read_names(app, app.required_scopes).of(resource)
    return wanted if resource == GRAPH else wanted - OIDC


def read(app: App, text: str) -> Scopes:
    """Read a ``scope`` parameter of a person's sign-in; ``.default`` stands for the manifest.

    Raises:
        EntraError: Empty (900144), no such resource (500011), no such scope (650053), ``.default`` mixed (70011).
    """
    if not text.split():
        raise EntraError(900144, parameter="scope")
    return read_names(app, text.split())


def read_names(app: App, names: Iterable[str]) -> Scopes:
    """Read scopes one by one."""
    found: set[str] = set()
    defaults: set[str] = set()
    for name in names:
        if name in OIDC:
            found.add(name)
            continue
        resource, _, scope = name.rpartition("/")
        resource = (resource or GRAPH).rstrip("/")
        if not own_api(app, resource):
            if resource not in RESOURCES:
                raise EntraError(500011, resource=resource)
            resource = RESOURCES[resource]
        if scope == ".default":
            defaults.add(resource)
        elif resource in _EXISTING and scope not in _EXISTING[resource]:
            raise EntraError(650053, scope=scope)
        else:
            found.add(f"{resource}/{scope}")
    if defaults and found - OIDC:
        raise EntraError(70011)
    for resource in defaults:
        found |= {f"{resource}/.default"} if own_api(app, resource) else manifest(app, resource)
    return Scopes(frozenset(found))


def defaults(text: str) -> frozenset[str]:
    """The resources whose ``.default`` a ``scope`` parameter asks for."""
    named = (name.removesuffix("/.default").rstrip("/") for name in text.split() if name.endswith("/.default"))
    return frozenset(RESOURCES.get(name, name) for name in named)


def one_resource(scope: str, apps: Iterable[str]) -> str:
    """The resource of an app-only token's ``resource/.default``.

    Raises:
        EntraError: More than one, or not ``.default`` (1002012), or no such resource (500011).
    """
    names = [name for name in scope.split() if name not in OIDC]
    if len(names) != 1 or not names[0].endswith("/.default"):
        raise EntraError(1002012, scope=scope)
    name = names[0].removesuffix("/.default").rstrip("/")
    if name in RESOURCES:
        return RESOURCES[name]
    if name.removeprefix("api://") in apps:
        return name
    raise EntraError(500011, resource=name)
