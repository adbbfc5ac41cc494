"""The errors of Entra (Entra: reference-error-codes), and how token requests and redirects tell them."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from emulator.clock import Clock

# code: (HTTP status, error, text)
ERRORS: dict[int, tuple[int, str, str]] = {
    28000: (400, "invalid_request", "The scope contains more than one resource."),
    50001: (400, "invalid_resource", "The resource principal is disabled or was not found."),
    50011: (
        400,
        "invalid_request",
        "The redirect URI '{redirect}' does not match those of the application '{client}'.",
    ),
    50012: (401, "invalid_client", "Authentication failed. The signature of the assertion is not valid."),
    50020: (400, "invalid_request", "The user account '{user}' does not exist in the tenant '{tenant}'."),
    50034: (400, "invalid_grant", "The user account does not exist in the directory."),
    50053: (400, "invalid_grant", "The account is locked: too many attempts with a wrong user name or password."),
    50055: (400, "invalid_grant", "The password is expired."),
    50057: (400, "invalid_grant", "The user account is disabled."),
    50058: (400, "login_required", "A silent sign-in request was sent but no user is signed in."),
    50076: (400, "interaction_required", "You must use multi-factor authentication to access '{resource}'."),
    50079: (400, "interaction_required", "You must enrol in multi-factor authentication to access '{resource}'."),
    50105: (
        400,
        "access_denied",
        "The signed in user '{user}' is not assigned to a role for the application '{client}'.",
    ),
    50126: (400, "invalid_grant", "Error validating credentials due to invalid username or password."),
    50173: (400, "invalid_grant", "The provided grant has expired due to it being revoked; a fresh token is needed."),
    53003: (400, "invalid_grant", "Access has been blocked by Conditional Access policies."),
    54005: (400, "invalid_grant", "The authorization code was already redeemed."),
    65001: (400, "invalid_grant", "The user or administrator has not consented to use the application '{client}'."),
    65004: (400, "access_denied", "The user has declined to consent to access the app."),
    65005: (400, "invalid_client", "The application requests a resource that its registration does not list."),
    70000: (400, "invalid_grant", "Provided grant is invalid or malformed."),
    70001: (400, "unauthorized_client", "The application named '{client}' is disabled or was not found."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
    70008: (400, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity."),
    70011: (400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
    70021: (401, "invalid_client", "No matching federated identity record found for presented assertion."),
    90002: (400, "invalid_request", "Tenant '{tenant}' not found."),
    90006: (503, "temporarily_unavailable", "The service is not available for the moment."),
    90012: (503, "temporarily_unavailable", "The request has timed out."),
    90014: (400, "invalid_request", "The required field '{parameter}' is missing."),
    90033: (503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    90055: (503, "temporarily_unavailable", "The request could not be processed in time."),
    90093: (400, "access_denied", "This operation can only be performed by an administrator."),
    90094: (400, "consent_required", "The grant requires administrator permission."),
    90095: (400, "consent_required", "Admin consent is required; the user can ask for it."),
    90097: (400, "consent_required", "An error has occurred during admin consent processing."),
    500011: (400, "invalid_resource", "The resource principal named {resource} was not found in the tenant."),
    501481: (400, "invalid_grant", "The code_verifier does not match the code_challenge of the authorization request."),
    650052: (400, "invalid_client", "The organisation lacks a service principal for '{resource}'."),
    650053: (400, "invalid_client", "The application asked for scope '{scope}' that doesn't exist on the resource."),
    650056: (400, "invalid_client", "Misconfigured application: no consent of an administrator, or a wrong app id."),
    650057: (400, "invalid_resource", "Invalid resource: it is not listed in the application's registration."),
    700005: (400, "invalid_grant", "The provided authorization code is intended for another tenant."),
    700016: (400, "unauthorized_client", "Application with identifier '{client}' was not found in the directory."),
    700021: (401, "invalid_client", "The client assertion's application identifier doesn't match 'client_id'."),
    700023: (401, "invalid_client", "The client assertion's audience does not match the realm's issuer."),
    700024: (401, "invalid_client", "Client assertion is not within its valid time range."),
    700027: (
        401,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered.",
    ),
    700051: (400, "unsupported_response_type", "The response_type '{type}' is not enabled for the application."),
    700082: (400, "invalid_grant", "The refresh token has expired due to inactivity."),
    700211: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion issuer '{issuer}'.",
    ),
    700212: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion audience '{audience}'.",
    ),
    700213: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion subject '{subject}'.",
    ),
    700229: (400, "invalid_client", "Only app-only tokens can be used as federated identity credentials."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{parameter}'."),
    900941: (400, "consent_required", "Admin consent is required. The app is considered risky."),
    900981: (400, "consent_required", "An admin consent request was received for a risky app."),
    1002012: (400, "invalid_scope", "The provided value for scope {scope} is not valid. It must end in /.default."),
    7000112: (400, "unauthorized_client", "Application '{client}' is disabled."),
    7000215: (401, "invalid_client", "Invalid client secret provided."),
    7000218: (401, "invalid_client", "The request body must contain 'client_assertion' or 'client_secret'."),
    7000222: (401, "invalid_client", "The provided client secret keys are expired."),
    7000229: (400, "unauthorized_client", "The client application is missing a service principal in the tenant."),
    7002137: (401, "invalid_client", "The presented assertion issuer matches a record in another case only."),
    7002138: (
        401,
        "invalid_client",
        "The presented assertion subject '{subject}' matches a record in another case only.",
    ),
    9001023: (400, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints."),
    9002313: (400, "invalid_request", "Invalid request. The request is malformed or invalid."),
}
FEDERATION = frozenset({70021, 700211, 700212, 700213, 7002137, 7002138})
"""Codes of assertions that fit no federated credential; their status differs over the years."""

_SUBERRORS = {
    50076: "basic_action",
    50079: "basic_action",
    50173: "bad_token",
    53003: "message_only",
    65001: "consent_required",
    700082: "bad_token",
}
_PLACEHOLDER = re.compile(r"\{\w+\}")  # of an error that is forced
_STEP_UP = '{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-4000-8000-000000000001"]}}}'


class EntraError(Exception):
    """A request is refused with this AADSTS code."""

    def __init__(self, code: int, *, status: int | None = None, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.values = values


@dataclass(frozen=True)
class Told:
    """An error as it is told: ``error`` and ``description`` for redirects and pages, the whole ``body`` for tokens."""

    status: int
    error: str
    description: str
    body: dict[str, Any]


def tell(error: EntraError, clock: Clock, authority: str, *, federation_status: int = 401) -> Told:
    """The words of an error, with ids of this request."""
    status, name, text = ERRORS.get(error.code, (400, "invalid_request", "The request was refused."))
    if error.code in FEDERATION and federation_status == 400:
        status, name = 400, "invalid_request"
    for key, value in error.values.items():
        text = text.replace(f"{{{key}}}", value)
    text = _PLACEHOLDER.sub("unknown", text)
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = clock.utc().strftime("%Y-%m-%d %H:%M:%SZ")
    description = f"AADSTS{error.code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
    body: dict[str, Any] = {
        "error": name,
        "error_description": description,
        "error_codes": [error.code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{authority}/error?code={error.code}",
    }
    if error.code in _SUBERRORS:
        body["suberror"] = _SUBERRORS[error.code]
    if name == "interaction_required":
        body["claims"] = _STEP_UP
    return Told(error.status or status, name, description, body)
