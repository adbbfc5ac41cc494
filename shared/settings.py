"""The only reader of the environment. Every problem is reported at once; docs/settings.md and local.settings.sample.json are kept
in step with `SETTINGS` by a test.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.errors import ConfigurationError
from shared.model.base import Model
from shared.stores.connection import StorageConnection

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(Model):
    """What the deployment decides. See `SETTINGS` for the meaning of each."""

    host_storage: StorageConnection
    data_storage: StorageConnection
    storage_identity: str | None
    tenant_id: str
    app_client_id: str
    identity_client_id: str | None
    graph_url: str
    authority: str
    ca_file: str | None
    allowed_networks: tuple[Network, ...]
    allow_http_webhooks: bool
    outbound_addresses: tuple[str, ...]
    secrets_file: Path | None
    key_vault_uri: str | None
    probe_mailbox: str | None
    function_seconds: int
    mail_limit_mib: int
    tick_schedule: str
    public_url: str
    google_client_id: str | None
    google_sign_in: str
    google_token: str
    gmail_imap: tuple[str, int]
    outlook_imap: tuple[str, int]
    app_certificate: str | None
    silent_minutes: int
    tenant_wide: bool
    mailbox_sign_in: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is documented.

    Attributes:
        name: of the environment variable.
        meaning: one sentence for the deployer.
        default: what holds without it; None where it is required.
        sample: what stands in local.settings.sample.json; None where it is left out there.
        in_azure: whether the Bicep template sets it.
    """

    name: str
    meaning: str
    default: str | None = None
    sample: str | None = None
    in_azure: bool = True


_AZURITE = "UseDevelopmentStorage=true"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "AzureWebJobsStorage",
        "Connection string of the host's storage account, for development; in Azure the four settings below instead.",
        "",
        _AZURITE,
        in_azure=False,
    ),
    Setting("AzureWebJobsStorage__queueServiceUri", "Queue endpoint of the host's storage account.", ""),
    Setting(
        "AzureWebJobsStorage__blobServiceUri",
        "Blob endpoint of the host's storage account; read by the Functions host.",
        "",
    ),
    Setting(
        "AzureWebJobsStorage__tableServiceUri",
        "Table endpoint of the host's storage account; read by the Functions host.",
        "",
    ),
    Setting("AzureWebJobsStorage__clientId", "Client id of the managed identity that opens both storage accounts.", ""),
    Setting(
        "AzureWebJobsStorage__credential",
        "`managedidentity`: how the host opens its storage account; read by the Functions host.",
        "",
    ),
    Setting(
        "DATA_STORAGE",
        "Connection string of the data account (archive and tables), for development; in Azure the two settings below instead.",
        "",
        _AZURITE,
        in_azure=False,
    ),
    Setting("DATA_STORAGE__blobServiceUri", "Blob endpoint of the data account.", ""),
    Setting("DATA_STORAGE__tableServiceUri", "Table endpoint of the data account.", ""),
    Setting(
        "IDENTITY_ENDPOINT",
        "Where the managed identity gives tokens; set by Azure itself, and here by the emulator. Read by azure-identity.",
        "",
        "http://127.0.0.1:8444/msi/token",
        in_azure=False,
    ),
    Setting(
        "IDENTITY_HEADER",
        "Proves to that endpoint that the caller runs on this machine; set by Azure, and here by the emulator.",
        "",
        "d7956d24-4b0d-5411-a0a5-7cb01d16b1bf",
        in_azure=False,
    ),
    Setting("POSTRUM_TENANT_ID", "Entra tenant of the deployment.", None, "a23c26f9-1c07-54e6-b206-19cb48d8be34"),
    Setting(
        "POSTRUM_APP_CLIENT_ID",
        "Client id of the app registration that reads the mailboxes.",
        None,
        "876b6e15-6d20-5e54-8959-927c82e86431",
    ),
    Setting(
        "POSTRUM_IDENTITY_CLIENT_ID",
        "Client id of the managed identity that is federated to the app registration.",
        "",
        "603440c3-3848-58e2-9fdc-deb088f3b5d0",
    ),
    Setting(
        "POSTRUM_GRAPH_URL",
        "Base address of Microsoft Graph, with its version.",
        "https://graph.microsoft.com/v1.0",
        "https://127.0.0.1:8443/v1.0",
    ),
    Setting(
        "POSTRUM_AUTHORITY",
        "Address of the Entra sign-in service.",
        "https://login.microsoftonline.com",
        "https://127.0.0.1:8443",
    ),
    Setting(
        "POSTRUM_CA_FILE",
        "PEM file with the certificate authorities to trust instead of the public ones.",
        "",
        ".cache/run/emulator/ca.pem",
        in_azure=False,
    ),
    Setting(
        "POSTRUM_ALLOWED_NETWORKS",
        "Networks, separated by commas, that webhooks may reach although they are not public.",
        "",
        "127.0.0.0/8",
    ),
    Setting(
        "POSTRUM_OUTBOUND_ADDRESSES",
        "Fixed addresses that calls to subscribers come from, separated by commas; only a deployment with a NAT gateway has any.",
        "",
    ),
    Setting(
        "POSTRUM_ALLOW_HTTP_WEBHOOKS",
        "`true` lets subscribers be called without TLS: for development.",
        "false",
        "true",
        in_azure=False,
    ),
    Setting(
        "POSTRUM_SECRETS_FILE",
        "File for secrets, readable by its owner only: for development, in place of the vault.",
        "",
        ".cache/run/secrets.json",
        in_azure=False,
    ),
    Setting("POSTRUM_KEY_VAULT_URI", "Address of the Key Vault for secrets: `https://NAME.vault.azure.net`.", ""),
    Setting(
        "POSTRUM_PROBE_MAILBOX",
        "Address of a mailbox that Postrum must not be able to read; `postrum doctor` checks that it is refused.",
        "",
    ),
    Setting(
        "POSTRUM_FUNCTION_SECONDS",
        "The host's functionTimeout in seconds; every use case stops itself at 80 % of it.",
        "600",
    ),
    Setting("POSTRUM_MAIL_LIMIT_MIB", "Largest mail that is archived, in MiB (1 to 150).", "150"),
    Setting(
        "POSTRUM_PUBLIC_URL",
        "Address at which people and Microsoft Graph reach this deployment; without it, the host name that Azure gives.",
        "",
        "http://127.0.0.1:7071",
    ),
    Setting("WEBSITE_HOSTNAME", "Host name of the function app; set by Azure itself.", "", in_azure=False),
    Setting(
        "POSTRUM_GOOGLE_CLIENT_ID",
        "Client id of the OAuth client for Gmail mailboxes; its secret is `google-client-secret` in the vault.",
        "",
        "postrum-development.apps.googleusercontent.com",
    ),
    Setting(
        "POSTRUM_GOOGLE_SIGN_IN",
        "Page where Google signs accounts in.",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://127.0.0.1:8443/google/o/oauth2/v2/auth",
        in_azure=False,
    ),
    Setting(
        "POSTRUM_GOOGLE_TOKEN",
        "Where Google gives tokens.",
        "https://oauth2.googleapis.com/token",
        "https://127.0.0.1:8443/google/token",
        in_azure=False,
    ),
    Setting("POSTRUM_GMAIL_IMAP", "Host and port of Gmail's IMAP server.", "imap.gmail.com:993", in_azure=False),
    Setting(
        "POSTRUM_OUTLOOK_IMAP",
        "Host and port of Exchange Online's IMAP server.",
        "outlook.office365.com:993",
        in_azure=False,
    ),
    Setting(
        "POSTRUM_APP_CERTIFICATE",
        "Name of a secret that holds certificate and key (PEM) of the app registration, where no managed identity can be federated.",
        "",
    ),
    Setting(
        "POSTRUM_SILENT_MINUTES",
        "Minutes without a successful run after which an active mailbox raises an alert (5 to 10080); never less than three of its runs.",
        "60",
    ),
    Setting(
        "POSTRUM_MAILBOX_ACCESS",
        "`scoped`: the app asks for no tenant-wide mail permission; `tenantWide`: its registration declares one, and an administrator may "
        "be asked to consent to it.",
        "scoped",
        "tenantWide",
    ),
    Setting(
        "POSTRUM_MAILBOX_SIGN_IN",
        "`true` where the registration declares the permissions of accounts that sign in for a mailbox.",
        "true",
    ),
    Setting("POSTRUM_TICK_SCHEDULE", "NCRONTAB expression of the timer, six fields.", None, "0 * * * * *"),
)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings, or every problem at once.

    Args:
        environment: usually `os.environ`.

    Raises:
        ConfigurationError: with one text per problem.
    """
    problems: list[str] = []
    names = {setting.name: setting for setting in SETTINGS}

    def value(name: str) -> str:
        setting = names[name]
        found = environment.get(name, "").strip() or setting.default
        if found is None:
            problems.append(f"{name} is missing. {setting.meaning}")
            return ""
        return found

    def checked[T](name: str, convert: Callable[[str], T], expected: str, fallback: T) -> T:
        text = value(name)
        try:
            return convert(text)
        except ValueError:
            problems.append(f"{name} is {text!r}, expected {expected}")
            return fallback

    ca_file = value("POSTRUM_CA_FILE") or None
    if ca_file and not Path(ca_file).is_file():
        problems.append(f"POSTRUM_CA_FILE names {ca_file!r}, which is no file")
    host = _storage(environment, "AzureWebJobsStorage", ("queue",), problems, ca_file)
    data = _storage(environment, "DATA_STORAGE", ("blob", "table"), problems, ca_file)
    secrets_file = value("POSTRUM_SECRETS_FILE")
    key_vault = value("POSTRUM_KEY_VAULT_URI")
    if secrets_file and key_vault:
        problems.append(
            "POSTRUM_SECRETS_FILE and POSTRUM_KEY_VAULT_URI are both set: secrets are in one place, so set one"
        )
    settings = {
        "host_storage": host,
        "data_storage": data,
        "storage_identity": value("AzureWebJobsStorage__clientId") or None,
        "tenant_id": value("POSTRUM_TENANT_ID").lower(),  # tokens write ids in lower case
        "app_client_id": value("POSTRUM_APP_CLIENT_ID").lower(),
        "identity_client_id": value("POSTRUM_IDENTITY_CLIENT_ID").lower() or None,
        "graph_url": checked("POSTRUM_GRAPH_URL", _https, "an address that begins with https://", ""),
        "authority": checked("POSTRUM_AUTHORITY", _https, "an address that begins with https://", ""),
        "ca_file": ca_file,
        "allowed_networks": checked(
            "POSTRUM_ALLOWED_NETWORKS", _networks, "networks such as 10.1.0.0/16, separated by commas", _networks("")
        ),
        "outbound_addresses": checked(
            "POSTRUM_OUTBOUND_ADDRESSES",
            _addresses,
            "IP addresses such as 203.0.113.7, separated by commas",
            _addresses(""),
        ),
        "allow_http_webhooks": checked("POSTRUM_ALLOW_HTTP_WEBHOOKS", _flag, "true or false", False),
        "secrets_file": Path(secrets_file) if secrets_file else None,
        "key_vault_uri": checked("POSTRUM_KEY_VAULT_URI", _https, "an address that begins with https://", "")
        if key_vault
        else None,
        "probe_mailbox": checked(
            "POSTRUM_PROBE_MAILBOX", _address, "a full mail address such as someone@company.com", ""
        )
        or None,
        "function_seconds": checked("POSTRUM_FUNCTION_SECONDS", _between(30, 3600), "a number from 30 to 3600", 600),
        "mail_limit_mib": checked("POSTRUM_MAIL_LIMIT_MIB", _between(1, 150), "a number from 1 to 150", 150),
        "tick_schedule": value("POSTRUM_TICK_SCHEDULE"),
        "public_url": _public_url(
            checked("POSTRUM_PUBLIC_URL", _origin, "an address such as https://mailroom.company.com", ""),
            value("WEBSITE_HOSTNAME"),
        ),
        "google_client_id": value("POSTRUM_GOOGLE_CLIENT_ID") or None,
        "google_sign_in": checked("POSTRUM_GOOGLE_SIGN_IN", _https, "an address that begins with https://", ""),
        "google_token": checked("POSTRUM_GOOGLE_TOKEN", _https, "an address that begins with https://", ""),
        "gmail_imap": checked(
            "POSTRUM_GMAIL_IMAP", _host_and_port, "a host and a port, such as imap.gmail.com:993", ("", 0)
        ),
        "outlook_imap": checked(
            "POSTRUM_OUTLOOK_IMAP", _host_and_port, "a host and a port, such as outlook.office365.com:993", ("", 0)
        ),
        "app_certificate": value("POSTRUM_APP_CERTIFICATE") or None,
        "tenant_wide": checked("POSTRUM_MAILBOX_ACCESS", _tenant_wide, "scoped or tenantWide", False),
        "mailbox_sign_in": checked("POSTRUM_MAILBOX_SIGN_IN", _flag, "true or false", True),
        "silent_minutes": checked("POSTRUM_SILENT_MINUTES", _between(5, 10_080), "minutes from 5 to 10080", 60),
    }
    if problems:
        raise ConfigurationError(problems, remedy="docs/settings.md explains every setting.")
    return Settings.model_validate(settings)


def _storage(
    environment: Mapping[str, str], name: str, services: tuple[str, ...], problems: list[str], ca_file: str | None
) -> StorageConnection:
    text = environment.get(name, "").strip()
    uris = {service: environment.get(f"{name}__{service}ServiceUri", "").strip() for service in services}
    if text:
        if text != _AZURITE and "AccountName=" not in text:
            problems.append(f"{name} is no connection string of a storage account")
        return StorageConnection(connection_string=text, ca_file=ca_file)
    missing = [f"{name}__{service}ServiceUri" for service, uri in uris.items() if not uri]
    if missing:
        problems.append(f"{name} is missing: set it to a connection string, or set {' and '.join(missing)}")
    for service, uri in uris.items():
        if uri and not uri.startswith("https://"):
            problems.append(f"{name}__{service}ServiceUri is {uri!r}, expected an address that begins with https://")
    return StorageConnection(
        blob_uri=uris.get("blob"), queue_uri=uris.get("queue"), table_uri=uris.get("table"), ca_file=ca_file
    )


def _https(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(text)
    return text.rstrip("/")


def _origin(text: str) -> str:
    """An address without a path. Plain http only on this machine: elsewhere sign-in would be readable on the way."""
    parts = urlsplit(text)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if text and (
        parts.scheme not in (("https", "http") if local else ("https",))
        or not parts.hostname
        or parts.username
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError(text)
    return text.rstrip("/")


def _public_url(given: str, host_name: str) -> str:
    return given or (f"https://{host_name}" if host_name else "")


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not 1 <= int(port) <= 65535:
        raise ValueError(text)
    return host, int(port)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if text and (not at or not local or "." not in domain or any(char.isspace() for char in text)):
        raise ValueError(text)
    return text


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_address(part.strip())) for part in text.split(",") if part.strip())


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _tenant_wide(text: str) -> bool:
    if text not in ("scoped", "tenantWide"):
        raise ValueError(text)
    return text == "tenantWide"


def _between(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return convert
