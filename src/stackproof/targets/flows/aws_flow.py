"""A flow of data in an account: canaries go the whole way through what is deployed, and their rows are removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from stackproof.core.errors import ConfigError, TargetError
from stackproof.core.json import JsonObject, JsonValue
from stackproof.deployment.deployment import Deployment
from stackproof.proof.flow import Flow, FlowPath, Limit
from stackproof.proof.flow_values import Receipt, Sending
from stackproof.targets.aws import AwsTarget
from stackproof.targets.failures import translated_errors
from stackproof.targets.flows.ministack_flow import MiniStackPipeline, physical_id
from stackproof.targets.flows.postgres import UNDEFINED_TABLE, require

__all__ = ["AwsPipeline"]

_LACKS: Final[Mapping[str, str]] = {
    "dead_letters": "a record that is meant to fail is not put on the stream of an account"
}
_PREFIX: Final = re.compile(r"(?<![:\w]):prefix\b")
_LATE: Final = Limit(seconds=30.0)
"""How long rows that a test did not see any more are waited for before the rows are removed."""


class AwsPipeline(MiniStackPipeline):
    """One flow as it is deployed, with its own database. Every call that changes something is one that was allowed."""

    lacks = _LACKS

    def __init__(
        self,
        target: AwsTarget,
        deployment: Deployment,
        declared: Flow,
        path: FlowPath,
        *,
        ca_bundle: str | None,
        late: Limit = _LATE,
    ) -> None:
        require(["pg8000"])
        if declared.cleanup is None:
            raise ConfigError(
                f"{declared}: give the statement that removes its rows: arrives_at(…, cleanup='DELETE …')"
            )
        if not _PREFIX.search(declared.cleanup):
            raise ConfigError(
                f"{declared}: cleanup={declared.cleanup!r} would remove rows of others too: name those of a test by "
                "their keys, as in DELETE … WHERE key LIKE :prefix"
            )
        secret_id = next(
            (resource.physical_id for resource in deployment.resources if resource.logical_id == path.secret), ""
        )
        with target.writing("running a flow"):  # refused before the secret is read and the database is called
            secret = json.loads(target.secret_value(secret_id))
            ready_data = {"host": str(secret["host"]), "port": str(secret["port"]), "ca_bundle": ca_bundle or ""}
            super().__init__(target, deployment, declared, path, ready_data)
        self.target = target.name
        self._account = target
        self._deployment, self._mapping = deployment, path.mapping
        self._sent: dict[str, Sending] = {}
        self._late = late

    def unreachable(self) -> str | None:
        """Why the database cannot be reached from here; None if it can."""
        try:
            self.rows()
        except TargetError as error:
            return str(error)
        return None

    def at_once(self) -> int:
        """The mapping as it is now: it may have changed since it was deployed."""
        with translated_errors(f"reading {self._mapping}"):
            found = self._account.client("lambda").get_event_source_mapping(
                UUID=physical_id(self._deployment, self._mapping)
            )
        return int(found.get("ParallelizationFactor") or 1)

    def put(self, sendings: Sequence[Sending]) -> tuple[Receipt, ...]:
        self._sent.update({sending.key: sending for sending in sendings})
        with self._account.writing("putting canaries on the stream"):
            return super().put(sendings)

    def hand_over_again(self) -> None:
        """Put the canaries on the stream a second time: the mapping of an account is left as it is."""
        with self._account.writing("putting canaries on the stream"):
            super().put(tuple(self._sent.values()))

    def invoke(self, event: JsonObject) -> JsonValue:
        with self._account.writing("invoking the function"):
            return super().invoke(event)

    def listen(self, topic_arn: str) -> str:
        with self._account.writing("listening to a topic"):
            return super().listen(topic_arn)

    def messages(self, listener: str) -> tuple[JsonObject, ...]:
        with self._account.writing("listening to a topic"):
            return super().messages(listener)

    def stop_listening(self, listener: str) -> None:
        with self._account.writing("listening to a topic"):
            super().stop_listening(listener)

    def set_alarms(self, names: Iterable[str], reason: str) -> None:
        with self._account.writing("setting an alarm"):
            super().set_alarms(names, reason)

    def clean(self, name: str) -> None:
        """Remove the rows whose key begins so; raises TargetError if some of what was sent may still become rows."""
        prefix = f"{name}-"
        awaited = {key for key in self._sent if key.startswith(prefix)}

        def have_come() -> bool:
            awaited.difference_update(str(row[0]) for row in self.rows())
            return not awaited

        with self._account.writing("removing the rows of canaries"):
            try:
                if awaited:
                    self._late.until(have_come)
            finally:
                self._remove(prefix)
        self._sent = {key: sending for key, sending in self._sent.items() if not key.startswith(prefix)}
        if awaited:
            raise TargetError(
                f"{self._declared}: {len(awaited)} of the records had not arrived when rows were removed; rows that "
                f"come later stay: look for keys like {prefix}% ({', '.join(sorted(awaited))})",
                code="LeftOver",
            )

    def _remove(self, prefix: str) -> None:
        """Run the flow's cleanup; unless it takes away the rows of this test and no other, nothing is removed."""
        cleanup, made = str(self._declared.cleanup), None
        try:
            with self._database.transaction() as database:
                own, others = _parted(database.run(self._declared.rows), prefix)
                made = own
                database.run(cleanup, prefix=f"{prefix}%")
                gone = int(database.row_count)
                stayed, left = _parted(database.run(self._declared.rows), prefix)
                if stayed or gone != len(own) or left != others:
                    raise TargetError(  # noqa: TRY301 - it rolls back
                        f"would have removed {gone} rows, and the test has made {len(own)}, of which {len(stayed)} "
                        "would be left",
                        code="LeftOver",
                    )
        except TargetError as error:
            if made is None:  # nothing is deleted yet
                if error.code == UNDEFINED_TABLE:
                    return
                raise
            raise TargetError(
                f"{self._declared}: cleanup={cleanup!r} {_as_predicate(error)}: it was rolled back; look for keys like "
                f"{prefix}% and remove them by hand ({', '.join(sorted(set(made))) or 'the query shows none'})",
                code="LeftOver",
            ) from error


def _as_predicate(error: TargetError) -> str:
    """The message for a failed cleanup: its own fault, or that of the database."""
    return str(error) if error.code == "LeftOver" else f"failed ({error})"


def _parted(rows: Iterable[Sequence[Any]] | None, prefix: str) -> tuple[list[str], list[str]]:
    """The keys of rows: those that begin so, and the others, in order."""
    keys = sorted(str(row[0]) for row in rows or ())
    return [key for key in keys if key.startswith(prefix)], [key for key in keys if not key.startswith(prefix)]
