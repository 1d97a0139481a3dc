"""The remedies of a difference: revert it, or adopt it into the app; `to_dict` of the report is format 1."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.core.json import JsonValue
from stackproof.core.report import report_header
from stackproof.drift.difference import Difference

__all__ = ["AdoptReport", "Adoption", "Remedy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A patch that makes the app set the live value; without a `patch`, `why_not` is the reason.

    `patch` is a unified diff of `file`. `is_written` says that it was applied, `is_synthesized` whether the app gives
    the live value since; None where nobody has looked.
    """

    file: str | None = None
    line: int | None = None
    argument: str | None = None
    patch: str = ""
    why_not: str = ""
    is_written: bool = False
    is_synthesized: bool | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "file": self.file,
            "line": self.line,
            "argument": self.argument,
            "patch": self.patch or None,
            "why_not": self.why_not or None,
            "written": self.is_written,
            "synthesized": self.is_synthesized,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """The two remedies of one difference; `put_back` are the lines for reverting it, CloudFormation's first."""

    difference: Difference
    put_back: tuple[str, ...]
    adopt: Adoption

    def to_dict(self) -> dict[str, JsonValue]:
        place = self.difference.location
        return {
            "fingerprint": self.difference.fingerprint,
            "stack_name": place.stack_name,
            "logical_id": place.logical_id,
            "physical_id": self.difference.physical_id,
            "origin": self.difference.origin.value,
            "property_path": self.difference.path,
            "location": place.to_dict(),
            "put_back": list(self.put_back),
            "adopt": self.adopt.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptReport:
    """The remedies of each selected difference; `is_writing` is True if patches were to be applied."""

    remedies: tuple[Remedy, ...]
    is_writing: bool = False

    @property
    def written(self) -> int:
        """How many patches were applied."""
        return sum(remedy.adopt.is_written for remedy in self.remedies)

    @property
    def exit_code(self) -> int:
        """1 if a patch was to be written and was not, or if no synthesis has shown the live value since."""
        done = all(remedy.adopt.is_written and remedy.adopt.is_synthesized for remedy in self.remedies)
        return 1 if self.is_writing and not done else 0

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header("drift adopt"),
            "summary": {
                "differences": len(self.remedies),
                "patches": sum(bool(remedy.adopt.patch) for remedy in self.remedies),
                "written": self.written,
            },
            "remedies": [remedy.to_dict() for remedy in self.remedies],
            "exit_code": self.exit_code,
        }
