"""The result of a scan, and the memory of a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stackproof.core.json import JsonObject, JsonValue, as_int, as_object, as_objects, as_strings
from stackproof.core.notification import Level, Notification
from stackproof.core.ports import Store
from stackproof.policy.finding import Finding, RuleCount
from stackproof.policy.ledger import LedgerEntry

__all__ = ["ScanResult", "remember_result", "remembered_result"]

_RESULT = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """All that was found. `counts` are over the whole run, `by_template` holds findings and counts of each file.

    `waivers` is the ledger, with the state of each waiver. `stacks` are the evaluated ones (the file of a template
    without a stack). `shared_names` are names of stacks with several templates, such as those of two regions.
    `seconds` are by engine; of all answers, `cached` came from the store and `computed` from an engine.
    """

    findings: tuple[Finding, ...] = ()
    counts: tuple[RuleCount, ...] = ()
    notifications: tuple[Notification, ...] = ()
    inputs: tuple[str, ...] = ()
    by_template: Mapping[str, tuple[tuple[Finding, ...], tuple[RuleCount, ...]]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    cached: int = 0
    computed: int = 0
    waivers: tuple[LedgerEntry, ...] = ()
    stacks: tuple[str, ...] = ()
    shared_names: tuple[str, ...] = ()

    @property
    def is_cached(self) -> bool:
        """Whether no engine ran."""
        return self.cached > 0 and self.computed == 0

    def to_dict(self) -> dict[str, JsonValue]:
        """All but what is known of each template by itself, and the time it took."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "counts": [count.to_dict() for count in self.counts],
            "notifications": [notification.to_dict() for notification in self.notifications],
            "waivers": [waiver.to_dict() for waiver in self.waivers],
            "inputs": list(self.inputs),
            "stacks": list(self.stacks),
            "shared_names": list(self.shared_names),
            "answers": self.cached + self.computed,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> ScanResult:
        """A result that is remembered: no engine ran for it."""
        return cls(
            findings=tuple(Finding.from_dict(finding) for finding in as_objects(data["findings"])),
            counts=tuple(RuleCount.from_dict(count) for count in as_objects(data["counts"])),
            notifications=tuple(
                Notification.from_dict(notification) for notification in as_objects(data["notifications"])
            ),
            waivers=tuple(LedgerEntry.from_dict(waiver) for waiver in as_objects(data["waivers"])),
            inputs=as_strings(data["inputs"]),
            stacks=as_strings(data["stacks"]),
            shared_names=as_strings(data["shared_names"]),
            cached=as_int(data["answers"]),
        )


def remembered_result(store: Store, place: str, key: str) -> ScanResult | None:
    """The result that `remember_result` left at the place, if it is that of the key; None for any other."""
    kept = store.get(_RESULT, place)
    try:
        return (
            ScanResult.from_dict(as_object(kept["result"]))
            if isinstance(kept, Mapping) and kept["key"] == key
            else None
        )
    except (KeyError, TypeError, ValueError):
        return None


def remember_result(store: Store, place: str, key: str, result: ScanResult) -> None:
    """Keep the result of a whole run, instead of an earlier one; not where an engine broke: it may not do so again."""
    if not any(
        notification.level is Level.ERROR and notification.engine is not None for notification in result.notifications
    ):
        store.put(_RESULT, place, {"key": key, "result": result.to_dict()})
