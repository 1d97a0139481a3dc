"""How live properties are read, and how a flow of data is driven."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from stackproof.core.json import JsonObject, JsonValue
from stackproof.proof.flow_values import Receipt, Row, Sending
from stackproof.proof.observation import Reading
from stackproof.proof.snapshot import Memoizer, not_memoized

__all__ = ["Pipeline", "ReadRequest", "Reader"]


class Pipeline(Protocol):
    """One stream, the function behind it and the database behind that, where records really run through them."""

    @property
    def target(self) -> str:
        """The name of the target that it runs on."""

    @property
    def stream_arn(self) -> str:
        """The stream's ARN."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """Parts of the way that are not emulated ("dead_letters"), and why."""

    def shards(self) -> tuple[str, ...]:
        """The ids of the shards that take records, sorted."""

    def at_once(self) -> int:
        """How many batches of one shard are handed over at a time; above 1 the order holds within a partition key."""

    def put(self, sendings: Sequence[Sending]) -> tuple[Receipt, ...]:
        """Put records, in this order on each shard."""

    def hand_over_again(self) -> None:
        """Have the function given everything on the stream once more, from the beginning."""

    def invoke(self, event: JsonObject) -> JsonValue:
        """What the function answers to an event; raises TargetError if it raised."""

    def rows(self) -> tuple[Row, ...]:
        """What the flow's query gives now."""

    def listen(self, topic_arn: str) -> str:
        """Subscribe to a topic; gives the id of the subscription."""

    def messages(self, listener: str) -> tuple[JsonObject, ...]:
        """What was published since the last call, as far as it is JSON."""

    def stop_listening(self, listener: str) -> None:
        """Take the subscription back."""

    def set_alarms(self, names: Iterable[str], reason: str) -> None:
        """Set alarms to the state ALARM, as if their metric had crossed the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What a reader gets. `expected` are the template's properties, resolved as far as that is possible.

    `unresolved` names the properties of which something is not known. `siblings` are the physical ids of all resources
    of the type in the stacks of the run: where the service lists, a reader asks for all of them in one call, and `memo`
    remembers the answer for the others.
    """

    client: Callable[[str], Any]
    logical_id: str
    physical_id: str
    resource_type: str
    expected: JsonObject
    account: str
    region: str
    partition: str
    stack_id: str = ""
    siblings: tuple[str, ...] = ()
    memo: Memoizer = not_memoized
    unresolved: frozenset[str] = frozenset()


Reader: TypeAlias = Callable[[ReadRequest], Reading | None]
"""Reads one live resource; None means that it does not exist. Botocore's exceptions pass through."""
