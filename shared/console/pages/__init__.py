"""The pages, one module per place in the navigation. A module has a `router`; it is named in `ROUTERS`."""

from __future__ import annotations

from fastapi import APIRouter

from shared.console.pages import (
    access,
    accounts,
    alerts,
    consent,
    health,
    language,
    mailboxes,
    messages,
    people,
    setup,
    sign_in,
)

ROUTERS: tuple[APIRouter, ...] = (
    sign_in.router,
    language.router,
    health.router,
    messages.router,
    people.router,
    mailboxes.router,
    setup.router,
    access.router,
    accounts.router,
    consent.router,
    alerts.router,
)
