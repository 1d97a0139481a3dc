"""What a target is able to do, by its own answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stackproof.core.json import JsonValue

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The answers of one target; None is "could not tell", never no.

    `types` are the resource types that were probed, `refused` those that its CloudFormation does not take.
    """

    target: str
    types: tuple[str, ...] = ()
    refused: tuple[str, ...] | None = None
    change_sets: bool | None = None
    drift: bool | None = None
    cloud_control: bool | None = None
    runs_code: bool | None = None

    def lines(self) -> Iterator[str]:
        """One line for each capability, for the terminal."""
        yield self.target
        if self.refused is None:
            yield "  resource types: unknown: its CloudFormation accepts any name"
        else:
            yield f"  resource types: {len(self.types) - len(self.refused)} of {len(self.types)} that were asked for"
            yield from (f"    not {resource_type}" for resource_type in self.refused)
        for capability, answer in (
            ("change sets", self.change_sets),
            ("drift API", self.drift),
            ("Cloud Control API", self.cloud_control),
            ("runs the code of functions", self.runs_code),
        ):
            yield f"  {capability}: {'unknown' if answer is None else 'yes' if answer else 'no'}"

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "target": self.target,
            "types": list(self.types),
            "refused": None if self.refused is None else list(self.refused),
            "change_sets": self.change_sets,
            "drift": self.drift,
            "cloud_control": self.cloud_control,
            "runs_code": self.runs_code,
        }
