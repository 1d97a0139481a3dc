"""The targets of a run and what is deployed on them, each made once for all workers; and the world on each target."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from stackproof.calls.connection import Connection
from stackproof.config.settings import EMULATORS, parse_targets
from stackproof.core.errors import ConfigError, TargetError
from stackproof.core.json import JsonValue, as_object
from stackproof.deployment.deploy import Deployed, attached, deployed, nested_in, whole
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.plugin.own_clients import OWN_CLIENTS
from stackproof.plugin.run import PROCESS, RUN, Run
from stackproof.plugin.stacks import live_stacks_of, project_of, stack_of
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.prover import ProvableStack
from stackproof.proof.world import World
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.ports import SchemaSource
from stackproof.template.stack_names import live_name
from stackproof.wiring.live import readers
from stackproof.wiring.targets import open_target

__all__ = ["deployment_on", "target_names", "target_of", "world_on"]


def target_names(config: pytest.Config) -> tuple[str, ...]:
    """The targets that the options name, else the project's; "endpoint" is whatever answers at `--endpoint-url`."""
    given = config.getoption("target")
    if given:
        return parse_targets(given)
    return ("endpoint",) if config.getoption("endpoint_url") else project_of(config).settings.targets


def target_of(config: pytest.Config, run: Run, name: str) -> Target:
    """The target of that name, as all workers of the run share it.

    Raises ConfigError, before an emulator starts, where stacks of one name would be taken for one another.
    """
    live_stacks_of(config)
    project, endpoint = project_of(config), config.getoption("endpoint_url")
    if name in EMULATORS:
        endpoint = endpoint or _emulator(config, run, name)
    config.stash[OWN_CLIENTS].opened(endpoint)
    if name in EMULATORS:
        return open_target(project, name, Connection(endpoint_url=endpoint))
    return open_target(
        project,
        "aws",
        Connection(endpoint_url=endpoint, profile=config.getoption("profile"), region=config.getoption("aws_region")),
        allow_changes=bool(config.getoption("allow_writes")),
    )


def _emulator(config: pytest.Config, run: Run, name: str) -> str:
    """The URL of the run's one emulator of that name, started by the first worker that asks."""
    owner = 0 if config.getoption("keep") else run.owner
    started = run.once(f"{PROCESS}{name}", lambda: _start_emulator(run.directory, owner, name))
    return str(started["endpoint_url"])  # type: ignore[index,call-overload]


def _start_emulator(directory: Path, owner: int, name: str) -> JsonValue:
    from stackproof.wiring.live import start_emulator

    process = start_emulator(directory, owner_pid=owner, name=name)
    process.release()
    return {"endpoint_url": process.endpoint_url, "pid": process.pid}


def deployment_on(
    target: Target, config: pytest.Config, stack: Stack, assembly: Assembly, *, purpose: str = "proof"
) -> Deployment:
    """The stack on one target, once for each purpose; see the fixture `deployment`."""
    found = deployments_on(target, config, assembly, purpose=purpose)
    if stack.artifact not in found:
        raise ConfigError(
            f"stack {stack.name}, {stack.described}, is not deployed in this run: its condition does not hold, or "
            "--stack chose another one"
        )
    return found[stack.artifact]


def deployments_on(
    target: Target, config: pytest.Config, assembly: Assembly, *, purpose: str = "proof"
) -> Mapping[str, Deployment]:
    """What is deployed, by artifact; a nested stack whose condition does not hold is not among them."""
    run, key = config.stash[RUN], f"deployments-{target.name}-{purpose}"

    def found() -> JsonValue:
        deploys = _deploys_to(target, config)
        pairs = deployed(live_stacks_of(config), target) if deploys else _found(target, config, assembly)
        return {stack.artifact: deployment.to_dict() for stack, deployment in pairs}

    answer = run.once(key, found)
    if not isinstance(answer, Mapping):
        raise TargetError("the deployments cannot be read back")
    return {artifact: Deployment.from_dict(as_object(found)) for artifact, found in answer.items()}


def _found(target: Target, config: pytest.Config, assembly: Assembly) -> Deployed:
    """Stacks that run already: that of `--stack`, which may have another name there, or all."""
    name = config.getoption("stack")
    if name is None:
        return attached(live_stacks_of(config), target)
    chosen = stack_of(config)
    return whole(chosen, target.deployment(live_name(name, assembly.stacks)), assembly.stacks, target)


def _deploys_to(target: Target, config: pytest.Config) -> bool:
    return target.name in EMULATORS or bool(config.getoption("endpoint_url") and not config.getoption("stack"))


def _retry_policy(target: Target, config: pytest.Config) -> RetryPolicy:
    """Time to show is for what this run has deployed; what was only found had it before."""
    settle = float(config.getoption("settle"))
    return RetryPolicy(settled_at=time.monotonic() + settle if _deploys_to(target, config) else 0.0)


def world_on(
    target: Target,
    config: pytest.Config,
    assembly: Assembly,
    source: SchemaSource,
    *,
    override: tuple[Stack, Deployment] | None = None,
) -> World:
    """The world of all stacks that the run has on one target, by artifact; `override` replaces one of them."""
    stacks = {stack.artifact: stack for stack in assembly.stacks}
    pairs = {
        artifact: (stacks[artifact], deployment)
        for artifact, deployment in deployments_on(target, config, assembly).items()
    }
    if override is not None:
        pairs[override[0].artifact] = override
    return world_of(pairs, target, config, assembly, source)


def world_of(
    pairs: Mapping[str, tuple[Stack, Deployment]],
    target: Target,
    config: pytest.Config,
    assembly: Assembly,
    source: SchemaSource,
) -> World:
    """The world of these stacks and their deployments, by artifact; nothing else is deployed for it."""
    return World(
        {
            artifact: ProvableStack(
                template=stack.template,
                deployment=deployment,
                readers=readers(target, deployment),
                nested=nested_in(stack, assembly.stacks),
            )
            for artifact, (stack, deployment) in pairs.items()
        },
        target=target,
        schemas=source,
        retry_policy=_retry_policy(target, config),
    )
