"""Target "ministack": a second embedded AWS on this machine, which also runs functions and polls streams."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from stackproof.calls.recorder import CallRecorder
from stackproof.core.region import DEFAULT_REGION
from stackproof.deployment import deadlines
from stackproof.deployment.deployment import Deployment
from stackproof.targets.cloudformation.pruned_stack import NOTE
from stackproof.targets.cloudformation.stacks import CAPABILITIES
from stackproof.targets.emulators.emulator import Emulator, emulator_environment
from stackproof.targets.emulators.ministack_gaps import NOT_TO_BE_FOUND, is_gap
from stackproof.targets.emulators.owned_process import OwnedProcess, start_owned
from stackproof.targets.failures import translated_errors
from stackproof.template.assembly import Stack

__all__ = ["NOTE", "MiniStackTarget", "start_ministack"]

_BLOCK: Final = "PublicAccessBlockConfiguration"
_BLOCKED: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_ACCOUNT: Final = "123456789012"
_FOREIGN: Final = re.compile(
    r"AWS_|MOTO_|MINISTACK_|LOCALSTACK_|LAMBDA_|DOCKER_|S3_|SFTP_|SFN_|IOT_|RDS_|USE_SSL$|AUTH$|"
    r"EDGE_PORT$|PERSIST_STATE$|SERVICES$|COGNITO_|CLOUDTRAIL_|(?i:(https?|all)_proxy)$"
)


def start_ministack(owner_pid: int, directory: Path) -> OwnedProcess:
    """Start an emulator that ends with the owner's process; its files are in the directory until then.

    With owner 0 it runs until it gets a signal.
    """
    return start_owned(
        "ministack",
        "stackproof.targets.emulators.ministack_server",
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
    _called = "MiniStack"
    _deadline = deadlines.MINISTACK

    def __init__(  # noqa: PLR0913 - where, who, and who hears of it
        self,
        endpoint_url: str,
        *,
        region: str = DEFAULT_REGION,
        account: str = _ACCOUNT,
        role_arn: str | None = None,
        parameters: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
        calls: CallRecorder | None = None,
        capabilities: Sequence[str] = CAPABILITIES,
        deadline: float | None = None,
    ) -> None:
        super().__init__(
            endpoint_url,
            region=region,
            role_arn=role_arn,
            parameters=parameters,
            progress=progress,
            capabilities=capabilities,
            deadline=deadline,
            calls=calls,
        )
        # The access key selects one of its accounts, and so does the role.
        self.account = self._key = role_arn.split(":")[4] if role_arn else account

    def in_account(self, account: str) -> MiniStackTarget:
        """The same emulator, seen from another account (twelve digits): nothing of this one is there."""
        return MiniStackTarget(
            self.endpoint_url,
            region=self.region,
            account=account,
            parameters=self._parameters,
            progress=self._progress,
            calls=self._guard.calls,
            capabilities=self._capabilities,
            deadline=self._deadline,
        )

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        if property_path:
            return is_gap(resource_type, property_path)
        return resource_type in self.unknown_types([resource_type])

    def _lacks(self, refused: Mapping[str, str]) -> Callable[[Stack, str], str | None]:
        lacks = super()._lacks(refused)

        def why_not(where: Stack, logical_id: str) -> str | None:
            resource = where.template.resource(logical_id)
            if resource is not None and resource.is_custom:
                return "the handler of a custom resource is not run on an emulator"
            if resource is not None and (why := NOT_TO_BE_FOUND.get(resource.resource_type)):
                return f"{self._called} makes {resource.resource_type} so that it cannot be found: {why}"
            return lacks(where, logical_id)

        return why_not

    def _close_topic(self, arn: str) -> None:
        client = self.client("sns")
        policy = json.loads(client.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
        [first, *others] = policy["Statement"]
        if first.get("Sid") == "__default_statement_ID" and "Condition" not in first:
            first["Condition"] = {"StringEquals": {"AWS:SourceOwner": self.account}}
            policy["Statement"] = [first, *others]
            client.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))

    def _after_creation(self, stack: Stack, deployment: Deployment) -> None:
        """A new bucket, or topic, is closed to the public on AWS; here it is not, and only an audit would notice."""
        for resource in deployment.resources:
            if resource.resource_type == "AWS::SNS::Topic":
                with translated_errors(f"deploying stack {stack.name}"):
                    self._close_topic(resource.physical_id)
            declared = stack.template.resource(resource.logical_id)
            if resource.resource_type == "AWS::S3::Bucket" and declared and _BLOCK not in declared.properties:
                with translated_errors(f"deploying stack {stack.name}"):
                    self.client("s3").put_public_access_block(
                        Bucket=resource.physical_id, PublicAccessBlockConfiguration=dict.fromkeys(_BLOCKED, True)
                    )
