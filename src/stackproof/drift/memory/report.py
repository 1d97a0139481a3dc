"""The reports of `drift history` and `drift diff` as values; `to_dict` is report format 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stackproof.core.json import JsonValue
from stackproof.core.report import report_header
from stackproof.drift.difference import Difference
from stackproof.drift.episode import Episode, Run

__all__ = ["Compared", "DiffReport", "HistoryReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs: each difference of either is in one of these; at what is `unknown` one of the two did not look."""

    appeared: tuple[Difference, ...] = ()
    resolved: tuple[Difference, ...] = ()
    changed: tuple[tuple[Difference, Difference], ...] = ()
    same: tuple[Difference, ...] = ()
    unknown: tuple[Difference, ...] = ()

    @property
    def differences(self) -> tuple[Difference, ...]:
        """All of them, as the later of the two saw them."""
        return (*self.appeared, *self.resolved, *(now for _, now in self.changed), *self.same, *self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReport:
    """The history in a store. `episodes` come with target and expectation of the runs that found them."""

    store: str
    runs: tuple[Run, ...]
    episodes: tuple[tuple[tuple[str, str], Episode], ...]

    @property
    def exit_code(self) -> int:
        """Always 0: the audits have reported their verdicts already."""
        return 0

    def to_dict(self) -> dict[str, JsonValue]:
        is_open = sum(episode.resolved is None for _, episode in self.episodes)
        return {
            **report_header("drift history"),
            "summary": {"runs": len(self.runs), "open": is_open, "resolved": len(self.episodes) - is_open},
            "store": self.store,
            "runs": [run.to_dict() for run in self.runs],
            "differences": [
                {"target": target, "against": against, **episode.row()} for (target, against), episode in self.episodes
            ],
            "exit_code": self.exit_code,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReport:
    """Two runs side by side."""

    before: Run
    after: Run
    compared: Compared

    @property
    def exit_code(self) -> int:
        """Always 0: the audits have reported their verdicts already."""
        return 0

    def to_dict(self) -> dict[str, JsonValue]:
        found = self.compared
        return {
            **report_header("drift diff"),
            "summary": {
                "appeared": len(found.appeared),
                "resolved": len(found.resolved),
                "changed": len(found.changed),
                "same": len(found.same),
                "unknown": len(found.unknown),
            },
            "runs": [self.before.to_dict(), self.after.to_dict()],
            "appeared": _rows(found.appeared),
            "resolved": _rows(found.resolved),
            "changed": [{**now.row(), "was": was.shown(was.actual)} for was, now in found.changed],
            "same": _rows(found.same),
            "unknown": _rows(found.unknown),
            "exit_code": self.exit_code,
        }


def _rows(differences: Sequence[Difference]) -> list[JsonValue]:
    return [difference.row() for difference in differences]
