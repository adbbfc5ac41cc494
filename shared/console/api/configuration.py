"""The configuration of all companies, as one file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from shared.configuration.service import Review
from shared.configuration.yaml_file import companies
from shared.console.problems import Invalid
from shared.console.visit import Visitor, needs
from shared.errors import ConfigurationError
from shared.identity.roles import Right
from shared.model.base import Model
from shared.model.config import Company

router = APIRouter(tags=["configuration"], dependencies=[needs(Right.GOVERN)])


class Configured(Model):
    """Everything that is configured. It holds no secrets: those are not part of the configuration."""

    companies: tuple[Company, ...]


@router.get("/configuration", summary="Read what is configured", response_model_by_alias=True)
async def configured(visit: Visitor) -> Configured:
    """What `postrum config show` writes."""
    names = await visit.product.configuration.companies()
    found = [known[0] for name in names if (known := await visit.product.configuration.company(name)) is not None]
    return Configured(companies=tuple(found))


@router.put(
    "/configuration",
    summary="Load a configuration file",
    openapi_extra={"requestBody": {"required": True, "content": {"application/yaml": {"schema": {"type": "string"}}}}},
)
async def configure(
    visit: Visitor, dry_run: Annotated[bool, Query(description="Say what would change, and change nothing.")] = False
) -> Review:
    """What `postrum config apply` does: each company of the file is replaced as a whole; others stay."""
    try:
        text = (await visit.request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid([("", "Save the file as UTF-8.")], message="The file is not UTF-8.") from None
    try:
        wanted = companies(text)
        review = await (visit.product.configure.review(wanted) if dry_run else visit.product.configure.apply(wanted))
    except ConfigurationError as error:
        raise Invalid([("", text) for text in error.problems], message="The configuration was not changed.") from None
    if not dry_run:
        visit.product.services.companies.forget()
    return review
