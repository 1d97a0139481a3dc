"""The fixtures of suites: the synthesized stack, its template, the deployed stack, and the verdicts on both."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stackproof.assertions import StackQuery, TemplateAssertions
from stackproof.config.settings import EMULATORS, find_root, load_settings, parse_context, parse_targets
from stackproof.errors import ConfigError, TargetError
from stackproof.model.assembly import Assembly, Stack
from stackproof.model.deployment import Deployment
from stackproof.model.json import JsonValue
from stackproof.model.observation import DriftStatus, ResourceProof
from stackproof.model.report import RuleVerdict
from stackproof.plugin.coverage import add_synth_coverage, measures_coverage
from stackproof.plugin.outcomes import CALLS, LEDGERS, conclude, facts_of
from stackproof.plugin.run import PROCESS, RUN, Run
from stackproof.ports import SchemaSource, Target
from stackproof.prove import Patience, Prover
from stackproof.union import united
from stackproof.wiring.live import node, readers, schemas
from stackproof.wiring.project import Project

__all__ = [
    "assembly",
    "assembly_of",
    "aws_client",
    "cdk_stack",
    "deployment",
    "deployment_on",
    "node",
    "project_of",
    "prover",
    "provers",
    "resource_proof",
    "resource_schemas",
    "rule_verdict",
    "stack",
    "stack_of",
    "target",
    "target_names",
    "target_of",
    "targets",
    "template",
    "verdicts_of",
]

_ASSEMBLY = pytest.StashKey[Assembly]()
_VERDICTS = pytest.StashKey[dict[str, RuleVerdict]]()


def project_of(config: pytest.Config) -> Project:
    """The project around pytest's root directory."""
    return Project(
        settings=load_settings(find_root(config.rootpath)),
        calls=config.stash[CALLS],
        processes=getattr(config, "workerinput", {}).get("workercount", 1),
    )


def assembly_of(config: pytest.Config) -> Assembly:
    """The synthesized app, once for each process and, by the cache, once for all of them."""
    if _ASSEMBLY not in config.stash:
        context = parse_context(tuple(config.getoption("cdk_context")))
        found = project_of(config).synthesized(context, coverage=measures_coverage(config))
        add_synth_coverage(config, found)
        config.stash[_ASSEMBLY] = found
    return config.stash[_ASSEMBLY]


def stack_of(config: pytest.Config) -> Stack:
    """The stack that `--stack` names, or the only one."""
    found = assembly_of(config)
    name = config.getoption("stack")
    roots = [each for each in found.stacks if each.parent is None]
    if name is not None:
        chosen = found.stack(name)
        if chosen is not None:
            return chosen
        if config.getoption("target") != "aws" or len(roots) != 1:
            raise ConfigError(f"--stack {name}: the app has no such stack, only {', '.join(s.name for s in roots)}")
    if len(roots) != 1:
        raise ConfigError(f"the app has {len(roots)} stacks: name one with --stack: {', '.join(s.name for s in roots)}")
    return roots[0]


def verdicts_of(config: pytest.Config) -> dict[str, RuleVerdict]:
    """The verdict of each rule on each stack, by the id of its test."""
    if _VERDICTS not in config.stash:
        from filelock import FileLock  # noqa: PLC0415

        project, found = project_of(config), assembly_of(config)
        on = datetime.now(tz=UTC).date()
        with FileLock(project.settings.state_directory / "scan.lock"):
            verdicts = project.verdicts(found, on=on)
        config.stash[_VERDICTS] = {f"{each.stack_name}-{each.rule_id}": each for each in verdicts}
    return config.stash[_VERDICTS]


@pytest.fixture(scope="session")
def assembly(pytestconfig: pytest.Config) -> Assembly:
    """The cloud assembly of the project's CDK app."""
    return assembly_of(pytestconfig)


@pytest.fixture(scope="session")
def cdk_stack(pytestconfig: pytest.Config) -> Stack:
    """The stack under test as a value; override this fixture to choose another one."""
    return stack_of(pytestconfig)


@pytest.fixture(scope="session")
def resource_schemas() -> SchemaSource:
    """CloudFormation's resource schemas."""
    return schemas()


@pytest.fixture
def template(request: pytest.FixtureRequest, cdk_stack: Stack, resource_schemas: SchemaSource) -> TemplateAssertions:
    """The methods of CDK's `assertions.Template`, on a proxy that refuses typos and looks at nothing."""
    found = TemplateAssertions(cdk_stack.template, resource_schemas)
    request.node.stash.setdefault(LEDGERS, []).append(found)
    return found


@pytest.fixture
def stack(request: pytest.FixtureRequest, cdk_stack: Stack, resource_schemas: SchemaSource) -> StackQuery:
    """Queries over the resources of the stack, what a person wrote told apart from what CDK generates."""
    found = StackQuery(cdk_stack, resource_schemas)
    request.node.stash.setdefault(LEDGERS, []).append(found)
    return found


@pytest.fixture
def rule_verdict(request: pytest.FixtureRequest) -> RuleVerdict:
    """The verdict of one policy rule on one stack; a test that asks for it runs once for each."""
    verdict = verdicts_of(request.config)[request.param]
    facts_of(request.node)["rule"] = {"outcome": verdict.outcome, "stack_name": verdict.stack_name}
    if verdict.outcome in {"waived", "open"}:
        conclude(request.node, verdict.outcome, verdict.text())
    return verdict


def target_names(config: pytest.Config) -> tuple[str, ...]:
    """The targets that the options name, else the project's; "endpoint" is whatever answers at `--endpoint-url`."""
    given = config.getoption("target")
    if given:
        return parse_targets(given)
    return ("endpoint",) if config.getoption("endpoint_url") else project_of(config).settings.targets


@pytest.fixture(scope="session")
def targets(pytestconfig: pytest.Config) -> tuple[Target, ...]:
    """Every place where the stack runs: emulators started for this run, or an account or endpoint."""
    run = pytestconfig.stash[RUN]
    return tuple(target_of(pytestconfig, run, name) for name in target_names(pytestconfig))


@pytest.fixture(scope="session")
def target(targets: tuple[Target, ...]) -> Target:
    """Where written probes look: the first of the targets."""
    return targets[0]


def target_of(config: pytest.Config, run: Run, name: str) -> Target:
    """The target of that name, as all workers of the run share it."""
    project, endpoint = project_of(config), config.getoption("endpoint_url")
    if name in EMULATORS:
        return project.target(name, endpoint_url=endpoint or _emulator(config, run, name))
    return project.target(
        "aws",
        endpoint_url=endpoint,
        profile=config.getoption("profile"),
        region=config.getoption("aws_region"),
        allow_changes=bool(config.getoption("allow_writes")),
    )


def _emulator(config: pytest.Config, run: Run, name: str) -> str:
    """The URL of the run's one emulator of that name, started by the first worker that asks."""
    owner = 0 if config.getoption("keep") else run.owner
    started = run.once(f"{PROCESS}{name}", lambda: _start_emulator(run.directory, owner, name))
    return str(started["endpoint_url"])  # type: ignore[index,call-overload]


def _start_emulator(directory: Path, owner: int, name: str) -> JsonValue:
    from stackproof.wiring.live import start_emulator  # noqa: PLC0415

    process = start_emulator(directory, owner_pid=owner, name=name)
    process.release()
    return {"endpoint_url": process.endpoint_url, "pid": process.pid}


@pytest.fixture(scope="session")
def deployment(pytestconfig: pytest.Config, cdk_stack: Stack, assembly: Assembly, target: Target) -> Deployment:
    """The stack as it runs: deployed once for all workers on an emulator, attached to by name anywhere else."""
    return deployment_on(target, pytestconfig, cdk_stack, assembly)


def deployment_on(
    target: Target, config: pytest.Config, stack: Stack, assembly: Assembly, *, purpose: str = "proof"
) -> Deployment:
    """The stack on one target, once for each purpose; see the fixture `deployment`."""
    run, key = config.stash[RUN], f"deployment-{target.name}-{purpose}"
    if _deploys_to(target, config):
        answer = run.once(key, lambda: _deployed(assembly, stack, target))
    else:
        name = config.getoption("stack") or stack.name
        answer = run.once(key, lambda: target.deployment(name).to_dict())
    if not isinstance(answer, Mapping):
        raise TargetError("the deployment cannot be read back")
    return Deployment.from_dict(answer)


def _deploys_to(target: Target, config: pytest.Config) -> bool:
    return target.name in EMULATORS or bool(config.getoption("endpoint_url") and not config.getoption("stack"))


def _patience(target: Target, config: pytest.Config) -> Patience:
    """Time to show is for what this run has deployed; what was only found had it before."""
    settle = float(config.getoption("settle"))
    return Patience(settled_at=time.monotonic() + settle if _deploys_to(target, config) else 0.0)


def _deployed(assembly: Assembly, stack: Stack, target: Target) -> JsonValue:
    from stackproof.deploy import deploy  # noqa: PLC0415

    deployments = deploy(assembly.stacks, target)
    return next(each for each in deployments if each.stack_name == stack.name).to_dict()


@pytest.fixture(scope="session")
def prover(
    pytestconfig: pytest.Config,
    cdk_stack: Stack,
    deployment: Deployment,
    target: Target,
    resource_schemas: SchemaSource,
) -> Prover:
    """Reads live resources of the first target and compares them with the template."""
    return _prover(cdk_stack, deployment, target, resource_schemas, _patience(target, pytestconfig))


@pytest.fixture(scope="session")
def provers(
    pytestconfig: pytest.Config, cdk_stack: Stack, assembly: Assembly, targets: tuple[Target, ...], prover: Prover
) -> Mapping[str, Prover]:
    """The prover of each target, by its name; each deploys to its own when it is made."""
    first, *others = targets
    found = {first.name: prover}
    for each in others:
        where = deployment_on(each, pytestconfig, cdk_stack, assembly)
        found[each.name] = _prover(cdk_stack, where, each, schemas(), _patience(each, pytestconfig))
    return found


def _prover(stack: Stack, deployment: Deployment, target: Target, source: SchemaSource, patience: Patience) -> Prover:
    return Prover(
        template=stack.template,
        deployment=deployment,
        target=target,
        readers=readers(target, deployment),
        schemas=source,
        patience=patience,
    )


@pytest.fixture
def aws_client(target: Target) -> Callable[[str], Any]:
    """Clients of the target's services: `aws_client("kinesis")`."""
    return target.client


@pytest.fixture
def resource_proof(request: pytest.FixtureRequest, provers: Mapping[str, Prover]) -> ResourceProof:
    """The proof of one resource, united over the targets; a test that asks for it runs once for each resource."""
    logical_id = str(request.param)
    expected = {name for each in provers.values() for name in each.expected_ids()}
    facts_of(request.node)["expected"] = len(expected)
    if logical_id not in expected:
        conclude(request.node, "unexpected", "its condition does not hold in this deployment")
    proofs = {name: each.prove(logical_id) for name, each in provers.items()}
    proof = united(tuple(proofs.values()))
    facts = facts_of(request.node)
    facts["proof"] = proof.to_dict()
    facts["proofs"] = {name: each.to_dict() for name, each in proofs.items()}
    if proof.custom:
        conclude(request.node, "open", f"{logical_id}: {_why(proof)}")
    if proof.status is DriftStatus.NOT_CHECKED:
        raise TargetError(f"{proof.location}: {logical_id} could not be checked: {_why(proof)}")
    return proof


def _why(proof: ResourceProof) -> str:
    return "; ".join(sorted({f"{one.reason.value} {one.detail}".strip() for one in proof.unproven})) or "no reason"
