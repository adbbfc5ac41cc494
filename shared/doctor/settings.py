"""Settings that can be read and still are not right for a deployment in Azure."""

from __future__ import annotations

from collections.abc import Sequence

from shared.doctor.model import Finding, green, red, yellow
from shared.settings import SETTINGS, Settings

_DEVELOPMENT = "Right on one machine; in Azure leave it out."


async def settings(name: str, found: Settings) -> Sequence[Finding]:
    """Every setting could be read, or the app would not answer; these are the ones to think about."""
    findings: list[Finding] = []
    if found.secrets_file is None and found.key_vault_uri is None:
        findings.append(red(name, "no place for secrets is set", "Set POSTRUM_KEY_VAULT_URI."))
    if found.identity_client_id is None:
        findings.append(
            red(name, "POSTRUM_IDENTITY_CLIENT_ID is not set", "Set it to the client id of the managed identity.")
        )
    if found.allow_http_webhooks:
        findings.append(yellow(name, "POSTRUM_ALLOW_HTTP_WEBHOOKS lets webhooks go unencrypted", _DEVELOPMENT))
    if found.allowed_networks:
        networks = ", ".join(str(network) for network in found.allowed_networks)
        findings.append(
            yellow(
                name,
                f"POSTRUM_ALLOWED_NETWORKS opens {networks} to every subscriber",
                "Leave it empty unless a subscriber really is in your own network.",
            )
        )
    if found.ca_file:
        findings.append(yellow(name, "POSTRUM_CA_FILE trusts another certificate authority", _DEVELOPMENT))
    return findings or [green(name, f"{len(SETTINGS)} settings are known, and nothing is wrong with them")]
