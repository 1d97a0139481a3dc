"""A stack on the emulator, and clients that tell what is called or refuse one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from stackproof.deployment.deployment import Deployment
from stackproof.proof.observation import Reading, ResourceProof
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.proof.prover import Prover, prove_stack
from stackproof.proof.snapshot import not_memoized
from stackproof.readers import READERS
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.template import Template
from tests.live_fakes import failure, lone_prover

STACKS: Final = tuple(sorted((Path(__file__).parent / "stacks").glob("*.yaml")))
_SCHEMAS: Final = CfnLintSchemas()

Call = tuple[str, str]
"""A service and one of its operations, as boto3 names them."""

Calls = Mapping[str, tuple[str, frozenset[Call]]]
"""By logical id: the type, and what reading the resource by itself calls."""


class _Watched:
    """A client that reports each call before it is made."""

    def __init__(self, client: Any, service: str, seen: Callable[[Call], None]) -> None:
        self._client = client
        self._service = service
        self._seen = seen

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)
        if operation not in self._client.meta.method_to_api_mapping:
            return call

        def watched(**parameters: Any) -> Any:
            self._seen((self._service, operation))
            return call(**parameters)

        return watched

    def get_paginator(self, operation: str) -> Any:
        self._seen((self._service, operation))
        return self._client.get_paginator(operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A stack on the emulator; each read of it is a new one."""

    name: str
    template: Template
    deployment: Deployment
    target: MotoTarget

    def prover(self, readers: Mapping[str, Reader] = READERS) -> Prover:
        """A prover that has not looked yet."""
        return lone_prover(
            template=self.template,
            deployment=self.deployment,
            target=self.target,
            readers=readers,
            schemas=_SCHEMAS,
            retry_policy=RetryPolicy(attempts=2, delay=0.05),
        )

    def proofs(self) -> dict[str, ResourceProof]:
        """The verdicts by logical id; no reader may break."""
        prover = self.prover()
        found = {str(proof.location.logical_id): proof for proof in prove_stack(prover, jobs=2)}
        assert [notification.message for notification in prover.notifications] == []
        return found

    def calls(self) -> Calls:
        """What reading each resource calls."""
        found: dict[str, tuple[str, frozenset[Call]]] = {}

        def noting(reader: Reader) -> Reader:
            def read(request: ReadRequest) -> Reading | None:
                calls: set[Call] = set()
                reading = reader(self._watched(request, calls.add))
                found[request.logical_id] = (request.resource_type, frozenset(calls))
                return reading

            return read

        prove_stack(self.prover({name: noting(reader) for name, reader in READERS.items()}), jobs=1)
        return found

    def denied(self, logical_id: str, call: Call) -> ResourceProof:
        """The verdict on a resource whose reader may not make this call."""

        def refused(made: Call) -> None:
            if made == call:
                raise failure("AccessDenied", made[1], 403)

        def denying(reader: Reader) -> Reader:
            def read(request: ReadRequest) -> Reading | None:
                own = request.logical_id == logical_id
                return reader(self._watched(request, refused) if own else request)

            return read

        return self.prover({name: denying(reader) for name, reader in READERS.items()}).prove(logical_id)

    def _watched(self, request: ReadRequest, seen: Callable[[Call], None]) -> ReadRequest:
        return replace(
            request, client=lambda service: _Watched(self.target.client(service), service, seen), memo=not_memoized
        )
