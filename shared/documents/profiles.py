"""Which profile an invoice declares by its guideline (UBL: CustomizationID, CII: the guideline's ID)."""

from __future__ import annotations

import re

from shared.model.document import Container, Profile, Syntax

__all__ = ["profile_of"]

_EN16931 = "urn:cen.eu:en16931:2017"
#: `urn:factur-x.eu:1p0:basic`, `urn:zugferd.de:2p0:basic`, alone or behind the EN 16931 URN with `#` or `:`
_FACTUR_X = re.compile(r"(?:factur-x\.eu|zugferd\.de|zugferd):\w+:(minimum|basic-?wl|basic|en16931|comfort|extended)\b")
_FACTUR_X_LEVELS: dict[str, Profile] = {
    "minimum": "FACTUR-X-MINIMUM",
    "basicwl": "FACTUR-X-BASICWL",
    "basic": "FACTUR-X-BASIC",
    "en16931": "FACTUR-X-EN16931",
    "comfort": "FACTUR-X-EN16931",  # what ZUGFeRD called it before
    "extended": "FACTUR-X-EXTENDED",
}
_ZUGFERD_1_LEVELS: dict[str, Profile] = {
    "basic": "ZUGFERD-1-BASIC",
    "comfort": "ZUGFERD-1-COMFORT",
    "extended": "ZUGFERD-1-EXTENDED",
}


def profile_of(syntax: Syntax, guideline: str | None, container: Container) -> Profile:
    """The profile. What is declared counts, whether or not the document keeps to it."""
    if syntax == "FatturaPA":
        return "FATTURAPA"
    declared = re.sub(r"\s+", "", guideline or "").lower()
    if syntax == "CII CrossIndustryDocument":
        level = re.search(r"(basic|comfort|extended)$", declared)
        return _ZUGFERD_1_LEVELS[level[1]] if level else "OTHER"
    if found := _FACTUR_X.search(declared):
        return _FACTUR_X_LEVELS[found[1].replace("-", "")]
    if "xrechnung" in declared:
        return "XRECHNUNG"
    if re.search(r"peppol\.eu:2017:poacc:(?:self)?billing:3", declared):
        return "PEPPOL-BIS-3"
    if declared == _EN16931:
        # Factur-X's own profile "EN 16931" declares the standard alone: inside a PDF it is Factur-X, outside it is not.
        return "FACTUR-X-EN16931" if container == "pdf" and syntax.startswith("CII") else "EN16931"
    return "EN16931-CIUS" if declared.startswith(_EN16931) else "OTHER"
