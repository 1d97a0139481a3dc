"""One emulator for all tests of this folder in one process, and one stack on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from stackproof.deployment.deployment import Deployment
from stackproof.drift.audit.auditing import AuditedStacks, Auditor
from stackproof.drift.audit.unmanaged import Unmanaged, parse_scope, unmanaged
from stackproof.proof.observer import RetryPolicy
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.wiring.live import auditor, catalog, listings
from tests.drift.audited_template import AUDITED
from tests.emulators import measured_moto
from tests.live_fakes import stack


@pytest.fixture(scope="session")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = measured_moto(tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A stack on the emulator; each read of it is a new one."""

    name: str
    target: MotoTarget
    deployment: Deployment

    @property
    def auditor(self) -> Auditor:
        return auditor_of(self.target)

    @property
    def ids(self) -> dict[str, str]:
        return {resource.logical_id: resource.physical_id for resource in self.deployment.resources}

    def audited(self, **more: Any) -> AuditedStacks:
        return replace(self.auditor, **more).audited([self.name])

    def unmanaged(self, found: AuditedStacks, *scopes: str) -> Unmanaged:
        return unmanaged(
            [parse_scope(scope) for scope in scopes],
            found.resource_types,
            managed=found.physical_ids.__contains__,
            listings=listings(),
            target=self.target,
            catalog=catalog(self.target),
        )


def auditor_of(target: Any, **more: Any) -> Auditor:
    """An auditor as the command line makes it, less retries and sources."""
    return replace(auditor(target, jobs=4), **{"retry_policy": RetryPolicy(attempts=1), **more})


@pytest.fixture(scope="session")
def live(moto: OwnedProcess) -> Live:
    target = MotoTarget(moto.endpoint_url)
    return Live(name="Audited", target=target, deployment=target.deploy(stack(AUDITED, name="Audited")))
