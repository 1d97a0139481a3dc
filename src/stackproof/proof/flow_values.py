"""The input and output of a flow of data, and the facts for its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from stackproof.core.json import JsonObject, JsonValue, as_bool, as_str, require_keys

__all__ = ["Delivery", "FlowFact", "Invocation", "Receipt", "Row", "Sending"]

Row: TypeAlias = "tuple[JsonValue, ...]"
"""A row of the database; its first column is the key of the record that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A record to be put on one shard of a stream, with its key as the partition key unless it has another one."""

    key: str
    data: bytes
    shard_id: str
    partition_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Receipt:
    """What the stream answered for a record that it took."""

    key: str
    shard_id: str
    sequence_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Records that were sent, and the rows that they became; `late` are keys without a row when time was up."""

    receipts: tuple[Receipt, ...]
    rows: tuple[Row, ...]
    late: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A batch that the function was given directly: the keys that it named as failed, and the rows of the others."""

    refused: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FlowFact:
    """One line about a flow; `emulated` is False where the target lacks that part of the way."""

    target: str
    flow: str
    text: str
    emulated: bool = True

    def to_dict(self) -> dict[str, JsonValue]:
        return {"target": self.target, "flow": self.flow, "text": self.text, "emulated": self.emulated}

    @classmethod
    def from_dict(cls, data: JsonObject) -> FlowFact:
        require_keys(data, ("target", "flow", "text", "emulated"))
        return cls(
            target=as_str(data["target"]),
            flow=as_str(data["flow"]),
            text=as_str(data["text"]),
            emulated=as_bool(data["emulated"]),
        )
