"""CloudFormation's own drift detection, beside ours."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue, optional_str

__all__ = ["NativeDrift", "NativeRow"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NativeDrift:
    """What CloudFormation's own detection says of one resource; the paths are those that it names as different."""

    logical_id: str
    status: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NativeRow:
    """One difference beside CloudFormation's own detection. `seen_by` is "both", "stackproof" or "cloudformation".

    `detail` says why the other one did not see it, as far as it says so itself.
    """

    logical_id: str
    property_path: str
    seen_by: str
    detail: str = ""

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "logical_id": self.logical_id,
            "property_path": self.property_path or None,
            "seen_by": self.seen_by,
            "detail": self.detail,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> NativeRow:
        return cls(
            logical_id=str(data["logical_id"]),
            property_path=optional_str(data["property_path"]) or "",
            seen_by=str(data["seen_by"]),
            detail=str(data["detail"]),
        )
