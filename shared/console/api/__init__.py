"""The REST API below `/api/v1`, one module per subject. A module has a `router`; it is named in `ROUTERS`."""

from __future__ import annotations

from fastapi import APIRouter

from shared.console.api import accounts, companies, configuration, connecting, doctor, health, mailboxes, people, setup

ROUTERS: tuple[APIRouter, ...] = (
    companies.router,
    mailboxes.router,
    connecting.router,
    accounts.router,
    setup.router,
    health.router,
    configuration.router,
    people.router,
    doctor.router,
)
PREFIX = "/api/v1"
