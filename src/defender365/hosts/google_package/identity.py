"""What the package is called, and what the published integration it replaces is called."""

import re
from collections.abc import Container
from dataclasses import dataclass
from importlib.metadata import version

from defender365.core.errors import BadInput

PUBLISHED = "Microsoft365Defender"
"""The published integration's identifier: with it, ours takes its place."""

VERSION = "1.0"
"""The integration's version; the platform counts in whole steps."""

RELEASED = "2026-11-24"

DOCUMENTATION = (
    "https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/microsoft-365-defender"
)
DESCRIPTION = (
    "Hunt with KQL, ingest incidents with all their alerts and follow them as they change, and"
    " triage them in Microsoft 365 Defender (Microsoft Defender XDR)."
)
CATEGORIES = ("Endpoint Security", "XDR", "Incident Management", "Security")


@dataclass(frozen=True)
class Identity:
    """The names of one package."""

    identifier: str = PUBLISHED

    @classmethod
    def named(cls, identifier: str, taken: Container[str] = ()) -> "Identity":
        """An identity; raises `BadInput` where the platform or its tools would not take the name."""
        if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9_-]{0,118}[A-Za-z0-9])?", identifier):
            raise BadInput(
                '"Identifier" must be letters, digits, hyphens and underscores, beginning with a'
                f' letter and ending with a letter or digit, 120 at most; not "{identifier[:60]}".'
            )
        if re.sub(r"[-_]+", "-", identifier).lower() in taken:
            raise BadInput(
                f'"Identifier" must not be the name of a package that the integration depends on;'
                f' "{identifier}" is. Give another, such as {PUBLISHED}Next.'
            )
        return cls(identifier)

    @property
    def display_name(self) -> str:
        """What people see; another identifier is told apart by its name."""
        if self.identifier == PUBLISHED:
            return "Microsoft 365 Defender"
        return f"Microsoft 365 Defender - {re.sub(r'[^A-Za-z0-9-]+', ' ', self.identifier)}"

    @property
    def folder(self) -> str:
        """The source form's folder: the identifier in snake case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.identifier).replace("-", "_").lower()

    @property
    def library(self) -> str:
        """The version of this library."""
        return version("defender365")
