"""Where something is: in a person's source, in a construct tree, in a template."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue, optional_int, optional_str

__all__ = ["Location", "SourceLine"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SourceLine:
    """A line of a file, the file relative to the project's root where it lies inside, `line` from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The same object in every report; what is not known is None, never invented.

    `property_path` is a JSON pointer below the resource's `Properties` ("/StorageEncrypted").
    `file` and `line` are the person's source line where one is known, else the template's.
    """

    stack_name: str | None = None
    logical_id: str | None = None
    resource_type: str | None = None
    property_path: str | None = None
    construct_path: str | None = None
    file: str | None = None
    line: int | None = None
    template_file: str | None = None
    template_line: int | None = None

    def __str__(self) -> str:
        """The place that a person can open, best first."""
        if self.file is not None:
            return self.file if self.line is None else f"{self.file}:{self.line}"
        if self.construct_path is not None:
            return self.construct_path
        if self.template_file is not None:
            return self.template_file if self.template_line is None else f"{self.template_file}:{self.template_line}"
        return self.logical_id or "(no place)"

    def sort_key(self) -> tuple[str, ...]:
        """A total order that does not depend on the order in which things were found."""
        return (
            self.stack_name or "",
            self.template_file or "",
            self.logical_id or "",
            self.property_path or "",
            self.file or "",
            f"{self.line or 0:09d}",
            f"{self.template_line or 0:09d}",
            self.construct_path or "",
            self.resource_type or "",
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "stack_name": self.stack_name,
            "logical_id": self.logical_id,
            "resource_type": self.resource_type,
            "property_path": self.property_path,
            "construct_path": self.construct_path,
            "file": self.file,
            "line": self.line,
            "template_file": self.template_file,
            "template_line": self.template_line,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Location:
        return cls(
            stack_name=optional_str(data["stack_name"]),
            logical_id=optional_str(data["logical_id"]),
            resource_type=optional_str(data["resource_type"]),
            property_path=optional_str(data["property_path"]),
            construct_path=optional_str(data["construct_path"]),
            file=optional_str(data["file"]),
            line=optional_int(data["line"]),
            template_file=optional_str(data["template_file"]),
            template_line=optional_int(data["template_line"]),
        )
