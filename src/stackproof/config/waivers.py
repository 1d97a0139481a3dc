"""`policies/waivers.yaml`: the accepted findings and differences, each with its expiry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from stackproof.config.policy_file import PolicyFile, load_policy_file
from stackproof.core.globs import matches_everything
from stackproof.core.json import JsonObject, canonical, canonical_values
from stackproof.core.secret_values import MASK, SECRET_NAME, masked
from stackproof.drift.drift_waiver import DriftWaiver
from stackproof.policy.finding import Waiver

__all__ = ["load_drift_waivers", "load_waivers"]

_EVERYTHING = "SPW004"
_NO_TYPE = (
    "a drift waiver without a stack is of an unmanaged resource, and names its resource_type: one of another type may "
    "have the same id; add it as the report shows it (resource_type: AWS::SQS::Queue), or name the stack"
)


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers, in the order of the file; raises ConfigError naming file, line and path.

    A date in the past is not an error, since the waiver was right once; a glob that matches everything is.
    """
    found = load_policy_file(path, "waivers.schema.json")
    rows = found.data.get("waivers")
    waivers: dict[tuple[str | None, ...], Waiver] = {}
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        assert isinstance(row, Mapping)  # noqa: S101 - the schema says so
        waiver = _waiver(found, index, row)
        place = (waiver.rule, waiver.control, waiver.stack, waiver.construct_path)
        if place in waivers:
            raise found.error(("waivers", index), "an earlier waiver has the same rule, stack and construct path")
        waivers[place] = waiver
    return tuple(waivers.values())


def _waiver(found: PolicyFile, index: int, row: JsonObject) -> Waiver:
    text = {key: str(value) for key, value in row.items()}
    if ("rule" in text) == ("control" in text):
        has = "both" if "rule" in text else "neither"
        raise found.error(("waivers", index), f"a waiver names a rule or a control (this one has {has})")
    for name in ("rule", "control"):
        if not text.get(name, name).strip("*?"):
            raise found.error(
                ("waivers", index, name), f"{text[name]!r} matches everything ({_EVERYTHING}): give one id"
            )
    for name in ("stack", "construct_path"):
        if matches_everything(text[name]):
            raise found.error(
                ("waivers", index, name), f"{text[name]!r} matches everything ({_EVERYTHING}): give a name"
            )
    return Waiver(
        rule=text.get("rule"),
        control=text.get("control"),
        stack=text["stack"],
        construct_path=text["construct_path"],
        reason=text["reason"],
        owner=text["owner"],
        expires=_day(found, ("waivers", index, "expires"), text["expires"]),
        ticket=text.get("ticket"),
        file=found.file,
        line=found.line(("waivers", index)),
    )


def load_drift_waivers(path: Path) -> tuple[DriftWaiver, ...]:
    """The waivers of the section `drift`, in the order of the file; raises ConfigError naming file, line and path."""
    found = load_policy_file(path, "waivers.schema.json")
    rows = found.data.get("drift")
    waivers: dict[tuple[str | None, ...], DriftWaiver] = {}
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        assert isinstance(row, Mapping)  # noqa: S101 - the schema says so
        text = {key: str(value) for key, value in row.items()}
        waiver = DriftWaiver(
            stack=text.get("stack"),
            resource=text["resource"],
            resource_type=text.get("resource_type"),
            path=text.get("property"),
            child=text.get("child"),
            child_type=text.get("child_type"),
            actual=row.get("actual"),
            is_exact="actual" in row,
            account=text.get("account"),
            region=text.get("region"),
            reason=text["reason"],
            owner=text["owner"],
            expires=_day(found, ("drift", index, "expires"), text["expires"]),
            ticket=text.get("ticket"),
            file=found.file,
            line=found.line(("drift", index)),
        )
        if waiver.path is not None and waiver.child is not None:
            raise found.error(("drift", index), "a drift waiver names a property or a child, not both")
        if waiver.child_type is not None and waiver.child is None:
            raise found.error(("drift", index), "a drift waiver that names a child_type names a child")
        if waiver.stack is None and waiver.resource_type is None:
            raise found.error(("drift", index), _NO_TYPE)
        _require_plain(found, index, waiver)
        whose = (waiver.account, waiver.region, waiver.stack, waiver.resource, waiver.resource_type)
        value = canonical_values(waiver.actual) if waiver.is_exact else None
        place = (*whose, waiver.path, waiver.child, waiver.child_type, value)
        if place in waivers:
            raise found.error(("drift", index), "an earlier drift waiver is about the same")
        waivers[place] = waiver
    return tuple(waivers.values())


def _require_plain(found: PolicyFile, index: int, waiver: DriftWaiver) -> None:
    """Raise ConfigError for a value without a property or child, or a value that may be a secret."""
    place = ("drift", index, "actual")
    if not waiver.is_exact:
        return
    if waiver.path is None and waiver.child is None:
        raise found.error(place, "a live value is one of a property or a child; name it, or leave out actual")
    shown = canonical(masked(waiver.actual))
    if SECRET_NAME.search(waiver.path or "") or shown != canonical(waiver.actual) or MASK in shown:
        raise found.error(
            place,
            "the value may be a secret, and is neither written down nor accepted as such; leave out actual, and the "
            "waiver holds for any value",
        )


def _day(found: PolicyFile, path: tuple[str | int, ...], text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise found.error(path, f"{text!r} is not a date (expected YYYY-MM-DD)") from error
