"""The fixture of flows: a declared way of data, deployed and run once for all workers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import NoReturn

import pytest

from stackproof.core.errors import TargetError
from stackproof.core.json import JsonValue, as_object, digest
from stackproof.deployment.ports import Target
from stackproof.plugin.deployments import deployment_on, target_names, target_of
from stackproof.plugin.outcomes import conclude, update_facts
from stackproof.plugin.run import PROCESS, RUN, Run
from stackproof.proof.flow import DataFlow, Flow, FlowRun, OpenFlow, path_of
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.ports import Pipeline
from stackproof.template.assembly import Assembly, Stack
from stackproof.wiring.live import RUN_FUNCTIONS, DeployedFlow, account_pipeline, flow_target

__all__ = ["data_flow"]

_OPEN = pytest.StashKey[dict[str, tuple[DeployedFlow, Pipeline]]]()


@pytest.fixture
def data_flow(request: pytest.FixtureRequest, cdk_stack: Stack, assembly: Assembly) -> Iterator[DataFlow]:
    """Opens a declared flow on the target that runs functions; without such a target, the test is open.

    In an account, or at an endpoint, it needs `--allow-writes`, and the rows of its canaries are removed afterwards.

    The second argument makes the data of a valid record with the given key.
    """
    node = request.node

    def note(fact: FlowFact) -> None:
        update_facts(node, lambda facts: replace(facts, flows=(*facts.flows, fact)))

    cleaning = ExitStack()  # one that fails does not keep the others from it

    def in_account(declared: Flow, record: Callable[[str], bytes], called: str) -> OpenFlow:
        def end_open(text: str) -> NoReturn:
            note(FlowFact(target=called, flow=str(declared), text=text, emulated=False))
            conclude(node, "open", text)

        if not request.config.getoption("allow_writes"):
            end_open(f"the flow was not run on {called}: it puts records on the stream; --allow-writes lets it")
        where = target_of(request.config, request.config.stash[RUN], "aws")
        deployment = deployment_on(where, request.config, cdk_stack, assembly)
        path = path_of(declared, cdk_stack.template)
        ca_bundle = request.config.getoption("flow_ca_bundle")
        pipeline = account_pipeline(where, deployment, declared, path, ca_bundle=ca_bundle)
        why = pipeline.unreachable()
        if why is not None:
            end_open(f"the flow was not run on {called}: its database cannot be reached from here: {why}")
        name = f"stackproof-{uuid.uuid4().hex[:12]}"
        cleaning.callback(pipeline.clean, name)
        run = FlowRun(declared=declared, path=path, pipeline=pipeline, record=record, name=name, note=note)
        return OpenFlow(run=run, deployment=deployment, end_open=partial(conclude, node, "open"))

    def opened(declared: Flow, record: Callable[[str], bytes]) -> OpenFlow:
        names = target_names(request.config)
        if names[0] in {"aws", "endpoint"}:
            return in_account(declared, record, names[0])
        able = next((name for name in names if name in RUN_FUNCTIONS), None)
        if able is None:
            text = f"the flow was not emulated: {', '.join(names)} runs no functions; --target ministack does"
            note(FlowFact(target=" + ".join(names), flow=str(declared), text=text, emulated=False))
            conclude(node, "open", text)
        # Only this one is started here, so that another worker can start the others meanwhile.
        where = flow_target(target_of(request.config, request.config.stash[RUN], able))
        place, pipeline = _shared(request.config, where, cdk_stack, assembly, declared)
        name = f"{node.name}-{uuid.uuid4().hex[:8]}"
        run = FlowRun(declared=declared, path=place.path, pipeline=pipeline, record=record, name=name, note=note)
        return OpenFlow(run=run, deployment=place.deployment, end_open=partial(conclude, node, "open"))

    with cleaning:
        yield opened


def _shared(
    config: pytest.Config, where: Target, stack: Stack, assembly: Assembly, declared: Flow
) -> tuple[DeployedFlow, Pipeline]:
    """The flow, opened by the first worker that asks."""
    key = digest(asdict(declared))[:12]
    known = config.stash.setdefault(_OPEN, {})
    if key not in known:
        path = path_of(declared, stack.template)
        deployment = deployment_on(where, config, stack, assembly, purpose="flow")
        place = DeployedFlow(declared=declared, path=path, target=where, deployment=deployment)
        run, keep = config.stash[RUN], config.getoption("keep")
        started = run.once(f"{PROCESS}flow-{key}", lambda: _start_database(place, run, keep=keep))
        try:
            found = as_object(started)
        except TypeError as error:
            raise TargetError("the database of the flow cannot be read back") from error
        known[key] = place, place.pipeline({name: str(value) for name, value in found.items()})
    return known[key]


def _start_database(place: DeployedFlow, run: Run, *, keep: bool) -> JsonValue:
    process = place.open_database(run.directory, owner_pid=0 if keep else run.owner)
    process.release()
    ready_data = process.ready_data
    return {**ready_data, "url": f"# PostgreSQL at {ready_data['host']}:{ready_data['port']}", "pid": process.pid}
