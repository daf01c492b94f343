"""The policy documents of docs/grants, as somebody who deploys has them: with region, account and bus filled in."""

import json
from typing import Any

from tests.support.graph import ROOT

GRANTS = ROOT / "docs" / "grants"
DOCUMENTS = {"webhook": ("webhook", "webhook-ingress"), "partner": ("partner",)}
"""Of who deploys, by delivery."""
OPERATE = "operate"
"""Of who runs ops, in either."""


def text(name: str) -> str:
    return (GRANTS / f"{name}.json").read_text()


def filled(text: str, *, bus: str, region: str = "us-east-1", account: str = "000000000000") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.replace("REGION", region).replace("ACCOUNT", account).replace("BUS", bus))
    return found


def unshown() -> set[tuple[str, str, str]]:
    """Document, statement, and the action or resource that nothing in the sandbox needs, as the README lists them."""
    found = set()
    for line in (GRANTS / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            document, statement, what, _ = cells
            found |= {(document.strip("`"), statement.strip("`"), each.strip("`")) for each in what.split(", ")}
    return found
