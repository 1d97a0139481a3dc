"""How accounts and emulators are started, called and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stackproof.config.settings import EMULATORS
from stackproof.core.errors import ConfigError
from stackproof.targets.emulators.table import TABLE, row_of

if TYPE_CHECKING:
    from stackproof.deployment.capabilities import Capabilities
    from stackproof.deployment.deployment import Deployment
    from stackproof.deployment.ports import Target
    from stackproof.drift.audit.auditing import Auditor
    from stackproof.drift.ports import ChildFamily, Listing, StackCatalog
    from stackproof.proof.flow import Flow, FlowPath
    from stackproof.proof.ports import Pipeline, Reader
    from stackproof.targets.emulators.ministack import MiniStackTarget
    from stackproof.targets.emulators.owned_process import OwnedProcess
    from stackproof.targets.flows.aws_flow import AwsPipeline
    from stackproof.template.assembly import Stack
    from stackproof.template.ports import SchemaSource

__all__ = [
    "RUN_FUNCTIONS",
    "DeployedFlow",
    "account_pipeline",
    "audit_actions",
    "auditor",
    "capabilities",
    "catalog",
    "child_families",
    "flow_target",
    "listings",
    "node",
    "read_types",
    "readers",
    "schemas",
    "start_emulator",
]

RUN_FUNCTIONS = frozenset(row.name for row in TABLE if row.runs_functions)
"""Targets on which a flow of data can be run."""


def start_emulator(directory: Path, *, owner_pid: int, name: str = "moto") -> OwnedProcess:
    """Start an emulator; it ends with its owner, or, with owner 0, when it is stopped."""
    return row_of(name).start()(owner_pid=owner_pid, directory=directory)


def capabilities(target: Target, types: Sequence[str]) -> Capabilities:
    """The capabilities that a target reports; it is probed with these resource types."""
    from stackproof.targets.cloudformation.capability_probe import probed

    if target.name == "aws":
        return probed(target, types, is_account=True)
    with target.writing("asking what it can do"):
        return probed(target, types, is_account=False)


def flow_target(target: Target) -> Target:
    """The same emulator, in the account that flows run in; raises ConfigError if it runs no functions."""
    from stackproof.targets.flows.ministack_flow import FLOW_ACCOUNT

    return _ministack(target).in_account(FLOW_ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFlow:
    """A declared flow, the way that its template gives it, and its deployment on a target of `flow_target`."""

    declared: Flow
    path: FlowPath
    target: Target
    deployment: Deployment

    def open_database(self, directory: Path, *, owner_pid: int) -> OwnedProcess:
        """Start the database at the flow's end; it ends with its owner, or, with owner 0, when it is stopped."""
        from stackproof.targets.flows.ministack_flow import open_database

        target = _ministack(self.target)
        return open_database(
            target, self.deployment, self.declared, self.path, owner_pid=owner_pid, directory=directory
        )

    def pipeline(self, database: Mapping[str, str]) -> Pipeline:
        """The flow with the answer of `open_database`, in any process."""
        from stackproof.targets.flows.ministack_flow import MiniStackPipeline

        return MiniStackPipeline(_ministack(self.target), self.deployment, self.declared, self.path, database)


def account_pipeline(
    target: Target, deployment: Deployment, declared: Flow, path: FlowPath, *, ca_bundle: str | None
) -> AwsPipeline:
    """The flow as it runs in an account, or at an endpoint, with its own database."""
    from stackproof.targets.aws import AwsTarget
    from stackproof.targets.flows.aws_flow import AwsPipeline

    if not isinstance(target, AwsTarget):
        raise ConfigError(f"the target {target.name} runs no functions")
    return AwsPipeline(target, deployment, declared, path, ca_bundle=ca_bundle)


def _ministack(target: Target) -> MiniStackTarget:
    from stackproof.targets.emulators.ministack import MiniStackTarget

    if not isinstance(target, MiniStackTarget):
        raise ConfigError(f"the target {target.name} runs no functions")
    return target


def node() -> Path | None:
    """The Node that pip installed, for CDK in this process."""
    from stackproof.template.synth.app import installed_node

    return installed_node()


def schemas() -> SchemaSource:
    """The resource schemas that cfn-lint ships."""
    from stackproof.template.cfn_lint_schemas import CfnLintSchemas

    return CfnLintSchemas()


def read_types() -> tuple[str, ...]:
    """The resource types that have one of our readers, sorted."""
    from stackproof import readers as package

    return tuple(sorted(package.READERS))


def readers(target: Target, deployment: Deployment) -> Mapping[str, Reader]:
    """The reader of each resource type: our own, else Cloud Control where the target has it, asked when needed."""
    from stackproof import readers as package
    from stackproof.readers.cloud_control import WithCloudControl
    from stackproof.targets.cloudformation.cloud_control import has_cloud_control

    def is_there() -> bool:
        api, emulator = target.client("cloudcontrol"), target.name != "aws"
        return has_cloud_control(api, deployment.stack_id, emulator=emulator)

    return WithCloudControl(package.READERS, schemas(), is_there)


def auditor(
    target: Target,
    *,
    sources: Mapping[str, Stack] | None = None,
    against_sources: bool = False,
    native: bool = False,
    jobs: int,
    resource_schemas: SchemaSource | None = None,
) -> Auditor:
    """The auditor of a target's stacks; `resource_schemas` are those that a process has read already."""
    from stackproof.drift.audit.auditing import Auditor
    from stackproof.proof.observer import RetryPolicy

    return Auditor(
        target=target,
        catalog=catalog(target),
        readers=partial(readers, target),
        families=child_families(),
        schemas=resource_schemas or schemas(),
        sources=sources or {},
        against_sources=against_sources,
        native=native,
        jobs=jobs,
        retry_policy=RetryPolicy(),
    )


def child_families() -> Sequence[ChildFamily]:
    """The attachments that resources may have without a template that declares them."""
    from stackproof.readers.children import FAMILIES

    return FAMILIES


def listings() -> Mapping[str, Listing]:
    """How the resources of each type are listed."""
    from stackproof.readers.inventory import LISTINGS

    return LISTINGS


def audit_actions(stacks: Sequence[Stack]) -> tuple[str, ...]:
    """The calls of a drift audit besides those of the readers, with those of CloudFormation's detection."""
    from stackproof.targets.cloudformation.stack_catalog import ACTIONS, NATIVE_ACTIONS

    types = {resource.resource_type for stack in stacks for resource in stack.template.resources}
    families = (family.actions for family in child_families() if types.intersection(family.owners))
    lists = (listing.actions for name, listing in listings().items() if name in types)
    return tuple(sorted({*ACTIONS, *NATIVE_ACTIONS, *(name for family in (*families, *lists) for name in family)}))


def catalog(target: Target) -> StackCatalog:
    """The stacks of a target's account and region."""
    from stackproof.targets.cloudformation.stack_catalog import CloudFormationCatalog
    from stackproof.template.loading.template import parse_bytes

    return CloudFormationCatalog(
        target=target,
        parse=lambda data, name: parse_bytes(data, path=name, file=f"{name} (deployed)", stack_name=name),
        poll_interval=0.2 if target.name in EMULATORS else 2.0,
    )
