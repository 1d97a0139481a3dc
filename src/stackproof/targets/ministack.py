"""Target "ministack": a second embedded AWS on this machine, which also runs functions and polls streams."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from stackproof.errors import TargetError
from stackproof.model.assembly import Stack
from stackproof.model.deployment import Deployment
from stackproof.model.json import JsonObject, digest
from stackproof.reducing import Reduced, reduced
from stackproof.targets.emulator import Emulator, emulator_environment
from stackproof.targets.failures import translated_errors
from stackproof.targets.ministack_gaps import is_gap
from stackproof.targets.owned_process import OwnedProcess, start_owned

__all__ = ["NOTE", "MiniStackTarget", "start_ministack"]

NOTE: Final = "stackproof"
"""Where a deployed template says what it was made from and what is left out of it: an entry of its `Metadata`."""

_BLOCK: Final = "PublicAccessBlockConfiguration"
_BLOCKED: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_ACCOUNT: Final = "123456789012"
_REFUSED_TYPES: Final = re.compile(r"Unrecognized resource types: \[([^\]]*)\]")
_NOT_ABLE: Final = re.compile(r"is not supported|Requested attribute \S+ does not exist in schema")
_FOREIGN: Final = re.compile(
    r"AWS_|MOTO_|MINISTACK_|LOCALSTACK_|LAMBDA_|COV_CORE|DOCKER_|S3_|SFTP_|SFN_|IOT_|RDS_|USE_SSL$|AUTH$|EDGE_PORT$|"
    r"PERSIST_STATE$|SERVICES$|COGNITO_|CLOUDTRAIL_|(?i:(https?|all)_proxy)$"
)


def start_ministack(owner_pid: int, directory: Path) -> OwnedProcess:
    """Start an emulator that lives as long as the owner's process; what it writes lies in the directory till then.

    With owner 0 it lives until it gets a signal.
    """
    return start_owned(
        "ministack",
        "stackproof.targets.ministack_server",
        owner_pid=owner_pid,
        directory=directory,
        environment=_environment(),
    )


def _environment() -> dict[str, str]:
    """Nothing of the user's AWS settings, no proxy between a function and the emulator, and nothing that changes it."""
    return emulator_environment(
        keep=lambda name: not _FOREIGN.match(name),
        MINISTACK_ACCOUNT_ID=_ACCOUNT,
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LOG_LEVEL="ERROR",
    )


class MiniStackTarget(Emulator):
    """One emulator, by its URL, and in it one account; any number of processes may use it at once."""

    name = "ministack"
    _deadline = 180.0

    def __init__(
        self,
        endpoint_url: str,
        *,
        region: str = "us-east-1",
        account: str = _ACCOUNT,
        parameters: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(endpoint_url, region=region, parameters=parameters, progress=progress)
        self.account = self._key = account  # the access key says which of its accounts is meant
        self._known: dict[str, bool] = {}

    def in_account(self, account: str) -> MiniStackTarget:
        """The same emulator, seen from another account (twelve digits): nothing of this one is there."""
        return MiniStackTarget(
            self.endpoint_url,
            region=self.region,
            account=account,
            parameters=self._parameters,
            progress=self._progress,
        )

    def deploy(self, stack: Stack) -> Deployment:
        """Create the stack, less what the emulator does not know; one of the same template is taken as it is.

        What is left out, and why, stands in the `Metadata` of the deployed template and in the deployment.
        """
        source = digest(stack.template.body)
        if self._stacks.described(stack.name) is not None:
            if _note(self._deployed_body(stack.name)).get("source") == source and not self._parameters:
                return self.deployment(stack.name)
            self._stacks.destroy(stack.name)
        refused: dict[str, str] = {}
        while True:
            found = self.reduced(stack, refused)
            note: JsonObject = {"source": source, "left_out": dict(found.left_out)}
            try:
                return self._created(stack, _annotated(found.body, note))
            except TargetError:
                refusal = self._refusal(stack.name)
                with contextlib.suppress(Exception):  # a half-made stack stands in the way of the next attempt
                    self._stacks.destroy(stack.name)
                if refusal is None or refusal[0] in refused:
                    raise
                refused.update([refusal])

    def deployment(self, stack_name: str) -> Deployment:
        found = self._stacks.deployment(stack_name)
        left_out = _note(self._deployed_body(stack_name)).get("left_out")
        return replace(
            found, left_out={name: str(why) for name, why in left_out.items()} if isinstance(left_out, Mapping) else {}
        )

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        if property_path:
            return is_gap(resource_type, property_path)
        return resource_type in self.unknown_types([resource_type])

    def unknown_types(self, resource_types: Iterable[str]) -> frozenset[str]:
        """Those that the emulator's CloudFormation does not know; it is asked, and names all of them at once."""
        wanted = frozenset(resource_types)
        new = sorted(wanted - self._known.keys())
        if new:
            unknown = self._refused(new)
            self._known.update({each: each not in unknown for each in new})
        return frozenset(each for each in wanted if not self._known[each])

    def reduced(self, stack: Stack, refused: Mapping[str, str] | None = None) -> Reduced:
        """The stack's template less what is not known here, and less what was refused when it was tried."""
        resources = stack.template.resources
        unknown = self.unknown_types(each.resource_type for each in resources if not each.is_custom)

        def why_not(logical_id: str) -> str | None:
            resource = stack.template.resource(logical_id)
            if resource is None:
                return None
            if resource.is_custom:
                return "the handler of a custom resource is not run on an emulator"
            if resource.resource_type in unknown:
                return f"MiniStack does not know {resource.resource_type}"
            return (refused or {}).get(logical_id)

        return reduced(stack.template.body, why_not)

    def _created(self, stack: Stack, body: JsonObject) -> Deployment:
        self._stacks.deploy(replace(stack, template=replace(stack.template, body=body)))
        deployment = self.deployment(stack.name)
        self._close_buckets(stack, deployment)
        return deployment

    def _close_buckets(self, stack: Stack, deployment: Deployment) -> None:
        """A new bucket is closed to the public on AWS; here it is not, and only an audit would notice."""
        for each in deployment.resources:
            resource = stack.template.resource(each.logical_id)
            if each.resource_type == "AWS::S3::Bucket" and resource and _BLOCK not in resource.properties:
                with translated_errors(f"deploying stack {stack.name}"):
                    self.client("s3").put_public_access_block(
                        Bucket=each.physical_id, PublicAccessBlockConfiguration=dict.fromkeys(_BLOCKED, True)
                    )

    def _refusal(self, stack_name: str) -> tuple[str, str] | None:
        """The resource that the emulator cannot make, with its own words; None if it failed for another reason."""
        api = self.client("cloudformation")
        try:
            events = api.describe_stack_events(StackName=stack_name)["StackEvents"]
        except api.exceptions.ClientError:
            return None
        for each in reversed(events):
            reason = str(each.get("ResourceStatusReason") or "")
            if each["ResourceStatus"] == "CREATE_FAILED" and _NOT_ABLE.search(reason):
                return str(each["LogicalResourceId"]), f"MiniStack refuses it: {reason}"
        return None

    def _refused(self, resource_types: list[str]) -> frozenset[str]:
        api = self.client("cloudformation")
        probe = {"Resources": {f"R{number}": {"Type": each} for number, each in enumerate(resource_types)}}
        with translated_errors("asking MiniStack for the types that it knows"):
            try:
                api.validate_template(TemplateBody=json.dumps(probe))
            except api.exceptions.ClientError as error:
                named = _REFUSED_TYPES.search(str(error))
                if named is None:
                    raise
                return frozenset(each.strip() for each in named[1].split(","))
        return frozenset()


def _annotated(body: JsonObject, note: JsonObject) -> JsonObject:
    metadata = body.get("Metadata")
    return {**body, "Metadata": {**(metadata if isinstance(metadata, Mapping) else {}), NOTE: note}}


def _note(body: JsonObject) -> JsonObject:
    metadata = body.get("Metadata")
    found = metadata.get(NOTE) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}
