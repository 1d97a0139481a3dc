"""`fleet.yaml`: the accounts, regions and stacks of an audit, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stackproof.config.policy_file import PolicyFile, load_policy_file
from stackproof.core.json import JsonObject, JsonValue, as_object, as_objects, as_strings, optional_str
from stackproof.drift.fleet.task import Fleet, FleetAccount, Organization, StackFilter

__all__ = ["load_fleet"]


def load_fleet(path: Path) -> Fleet:
    """The fleet; raises ConfigError naming file, line and path. Sequences come out sorted."""
    found = load_policy_file(path, "fleet.schema.json")
    accounts: dict[str, FleetAccount] = {}
    for index, row in enumerate(as_objects(found.data.get("accounts", []))):
        at = ("accounts", index)
        account = str(row["account"])
        if account in accounts:
            raise found.error((*at, "account"), f"{account} is named twice")
        accounts[account] = FleetAccount(
            account=account,
            name=str(row.get("name", "")),
            role=_role(found.data, row),
            regions=_regions(found, row, at),
            stacks=_stacks(found.data, row),
            may_be_empty=bool(row.get("may_be_empty", False)),
        )
    asked = found.data.get("organization")
    return Fleet(
        accounts=tuple(accounts[account] for account in sorted(accounts)),
        organization=None if asked is None else _organization(found, as_object(asked)),
    )


def _organization(found: PolicyFile, row: JsonObject) -> Organization:
    return Organization(
        units=tuple(sorted(as_strings(row.get("units", [])))),
        exclude=tuple(sorted(as_strings(row.get("exclude", [])))),
        role=_role(found.data, {}),
        regions=_regions(found, {}, ("organization",)),
        stacks=_stacks(found.data, {}),
        may_be_empty=bool(row.get("may_be_empty", False)),
    )


def _role(whole: JsonObject, row: JsonObject) -> str | None:
    return optional_str(row.get("role", whole.get("role")))


def _regions(found: PolicyFile, row: JsonObject, at: tuple[str | int, ...]) -> tuple[str, ...]:
    named = row.get("regions", found.data.get("regions"))
    if named is None:
        raise found.error(at, "no regions: give them here or for the whole fleet")
    return tuple(sorted(as_strings(named)))


def _stacks(whole: JsonObject, row: JsonObject) -> StackFilter:
    named: JsonValue = row.get("stacks", whole.get("stacks"))
    given: JsonObject = named if isinstance(named, Mapping) else {}
    tags = as_object(given.get("tags", {}))
    return StackFilter(
        names=tuple(sorted(as_strings(given.get("names", [])))),
        tags=tuple(sorted((key, str(value)) for key, value in tags.items())),
        owners=tuple(sorted(as_strings(given.get("owners", [])))),
        owner_tag=str(whole.get("owner_tag", "owner")),
    )
