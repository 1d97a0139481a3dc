"""A flow of data in an account: canaries go the whole way through what is deployed, and their rows are removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from stackproof.errors import ConfigError, TargetError
from stackproof.flow import Flow, FlowPath, Limit
from stackproof.model.deployment import Deployment
from stackproof.model.flow import Receipt, Sending
from stackproof.model.json import JsonObject, JsonValue
from stackproof.targets.aws import AwsTarget
from stackproof.targets.ministack_flow import MiniStackPipeline
from stackproof.targets.postgres import require

__all__ = ["AwsPipeline"]

_LACKS: Final[Mapping[str, str]] = {
    "dead_letters": "a record that is meant to fail is not put on the stream of an account"
}
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
            raise ConfigError(f"{declared}: say how its rows are removed again: arrives_at(…, cleanup='DELETE …')")
        secret_id = next((each.physical_id for each in deployment.resources if each.logical_id == path.secret), "")
        with target.writing("running a flow"):  # refused before the secret is read and the database is asked
            secret = json.loads(target.secret_value(secret_id))
            said = {"host": str(secret["host"]), "port": str(secret["port"]), "ca_bundle": ca_bundle or ""}
            super().__init__(target, deployment, declared, path, said)
        self.target = target.name
        self._account = target
        self._sent: dict[str, Sending] = {}
        self._late = late

    def unreachable(self) -> str | None:
        """Why the database cannot be asked from here; None if it can."""
        try:
            self.rows()
        except TargetError as error:
            return str(error)
        return None

    def put(self, sendings: Sequence[Sending]) -> tuple[Receipt, ...]:
        self._sent.update({each.key: each for each in sendings})
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

    def heard(self, listener: str) -> tuple[JsonObject, ...]:
        with self._account.writing("listening to a topic"):
            return super().heard(listener)

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
            awaited.difference_update(str(each[0]) for each in self.rows())
            return not awaited

        with self._account.writing("removing the rows of canaries"):
            try:
                if awaited:
                    self._late.until(have_come)
            finally:
                self._database.run(str(self._declared.cleanup), prefix=f"{prefix}%")
        self._sent = {key: each for key, each in self._sent.items() if not key.startswith(prefix)}
        if awaited:
            raise TargetError(
                f"{self._declared}: {len(awaited)} of the records had not arrived when rows were removed; rows that "
                f"come later stay: look for keys like {prefix}% ({', '.join(sorted(awaited))})",
                code="LeftOver",
            )
