"""`policies/waivers.yaml`: which findings people decided to live with, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from stackproof.config.policy_file import load_policy_file
from stackproof.model.finding import Waiver

__all__ = ["load_waivers"]


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers, in the order of the file; raises ConfigError naming file, line and path."""
    found = load_policy_file(path, "waivers.schema.json")
    rows = found.data["waivers"]
    waivers: dict[tuple[str, str, str], Waiver] = {}
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        assert isinstance(row, Mapping)  # noqa: S101 - the schema says so
        text = {key: str(value) for key, value in row.items()}
        try:
            expires = date.fromisoformat(text["expires"])
        except ValueError as error:
            reason = f"{text['expires']!r} is no date (expected YYYY-MM-DD)"
            raise found.error(("waivers", index, "expires"), reason) from error
        waiver = Waiver(
            rule=text["rule"],
            stack=text["stack"],
            construct_path=text["construct_path"],
            reason=text["reason"],
            owner=text["owner"],
            expires=expires,
        )
        place = (waiver.rule, waiver.stack, waiver.construct_path)
        if place in waivers:
            raise found.error(("waivers", index), "an earlier waiver has the same rule, stack and construct path")
        waivers[place] = waiver
    return tuple(waivers.values())
