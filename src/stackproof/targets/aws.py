"""Targets "aws" and "endpoint": an account of AWS, or any endpoint that speaks its APIs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from stackproof.calls.iam_action import prefix_of
from stackproof.calls.pacing import TokenBuckets
from stackproof.calls.ports import Pace
from stackproof.calls.recorder import CallRecorder
from stackproof.core.errors import TargetError
from stackproof.core.json import JsonObject
from stackproof.core.region import DEFAULT_REGION
from stackproof.deployment import deadlines
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.targets.cloudformation.pruned_stack import (
    KnownTypes,
    is_pruned,
    not_exported,
    noted_on,
    plain_body,
    prune_stack,
    refusal_of,
    source_of,
    with_noted,
)
from stackproof.targets.cloudformation.stacks import CAPABILITIES, CloudFormation, StackContext
from stackproof.targets.failures import answering, reason_of, translated_errors
from stackproof.targets.guard import Guard, is_emulator_endpoint
from stackproof.targets.repeating import Breaker, Retries, repeat_reads
from stackproof.targets.sessions import account_session, emulator_client, emulator_session_as
from stackproof.template.assembly import Stack

__all__ = ["AwsTarget"]

_PAUSE: Final = 3.0
_ZONE: Final = "availability-zone"
_EMULATOR_PAUSE: Final = 0.2
_SDK_ATTEMPTS: Final = 5
_RETRIES: Final = Retries(attempts=10, delay=0.2, longest=10.0, read_timeout=20.0, slow_read_timeout=60.0, silence=30.0)


class AwsTarget:
    """An account and region. It only reads, unless `allow_changes` is set and the account is in `allowed_accounts`.

    With an `endpoint_url` on this machine the target is an emulator, which takes any credentials and needs neither.
    An endpoint anywhere else is taken for AWS.
    """

    def __init__(  # noqa: PLR0913 - who signs in, where, what is allowed, and who hears of it
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        role_arn: str | None = None,
        allowed_accounts: Collection[str] = (),
        allow_changes: bool = False,
        endpoint_url: str | None = None,
        parameters: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
        calls: CallRecorder | None = None,
        pace: Pace | None = None,
        retries: Retries | None = None,
        capabilities: Sequence[str] = CAPABILITIES,
        deadline: float | None = None,
    ) -> None:
        self.endpoint_url = endpoint_url
        self._profile = profile
        self._region = region
        self._role_arn = role_arn
        self._allowed_accounts = frozenset(allowed_accounts)
        self._allow_changes = allow_changes
        self._parameters = dict(parameters or {})
        self._progress = progress
        self._capabilities = tuple(capabilities)
        self._deadline = deadline or deadlines.ACCOUNT
        self._emulator = is_emulator_endpoint(endpoint_url)
        self._retries = retries or (Retries() if self._emulator else _RETRIES)
        self._breaker = Breaker(self._retries)
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._pace = pace or TokenBuckets()
        self._guard = Guard(self.name, calls or CallRecorder())

    @property
    def name(self) -> str:
        return "endpoint" if self._emulator else "aws"

    @cached_property
    def account(self) -> str:
        return self._identity[0]

    @cached_property
    def partition(self) -> str:
        return self._identity[1]

    @cached_property
    def region(self) -> str:
        region = self._region or (DEFAULT_REGION if self._emulator else self._session.region_name)
        if not region:
            raise TargetError("no region is set: give --region, or set one in the profile", code="NoRegion")
        return str(region)

    def client(self, service: str) -> Any:
        with self._lock, translated_errors(f"making a client of {service}"):
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]

    def deploy(self, stack: Stack) -> Deployment:
        with self.writing(f"deploying stack {stack.name}"):
            self._refuse_other_environment(stack)
            return self._deployed_reduced(stack) if self._emulator else self._stacks.deploy(stack)

    def _deployed_reduced(self, stack: Stack) -> Deployment:
        """Deploy less what this emulator's CloudFormation refuses by name, and what depends on it."""
        is_new = self._stacks.described(stack.name) is None
        if not is_new and noted_on(self._deployed_body(stack.name)).get("source") == source_of(stack):
            return self.deployment(stack.name)  # as this program has deployed it
        refused: dict[str, str] = {}
        while True:
            missing = not_exported(self.client("cloudformation"), stack)
            found, _ = prune_stack(stack, self._types.why_not(refused), missing)
            try:
                return with_noted(
                    self._stacks.deploy(found if is_pruned(found, stack) else stack),
                    found.template.body,
                )
            except TargetError:
                refusal = refusal_of(self.client("cloudformation"), stack.name, str(self.endpoint_url))
                if refusal is None or refusal[0] in refused or not is_new:
                    raise
                self._stacks.destroy(stack.name)
                refused.update([refusal])

    def deployment(self, stack_name: str, *, body: JsonObject | None = None) -> Deployment:
        found = self._stacks.deployment(stack_name)
        return with_noted(found, body or self._deployed_body(stack_name)) if self._emulator else found

    def _deployed_body(self, stack_name: str) -> JsonObject:
        """The template of a stack at an endpoint; nothing of one that someone else wrote in YAML."""
        with translated_errors(f"reading stack {stack_name}"):
            return plain_body(self.client("cloudformation").get_template(StackName=stack_name).get("TemplateBody"))

    @cached_property
    def _types(self) -> KnownTypes:
        return KnownTypes(self.client, str(self.endpoint_url))

    def destroy(self, stack_name: str, *, empty: bool = False) -> tuple[DeployedResource, ...]:
        with self.writing(f"deleting stack {stack_name}"):
            return self._stacks.destroy(stack_name, empty=empty)

    def not_emulated(self, resource_type: str, property_path: str) -> bool:  # noqa: ARG002 - the port's signature
        return False

    def translated(self, error: Exception) -> UnprovenReason | None:
        return reason_of(error)

    def secret_value(self, secret_id: str) -> str:
        """The value of a secret, for a test that has to use it; it must reach neither report nor log."""
        with translated_errors("reading a secret"):
            client = self._new_client("secretsmanager", reads_secrets=True)
            return str(client.get_secret_value(SecretId=secret_id)["SecretString"])

    # -- guard

    def require_changes_allowed(self, why: str) -> None:
        if self._emulator:
            return
        if not self._allow_changes:
            raise TargetError(
                f"{why} is refused: add --allow-changes to change a real account; pytest: --allow-writes",
                code="Refused",
            )
        if not self._allowed_accounts:
            raise TargetError(
                f"{why} is refused: allowed_accounts of [tool.stackproof] names no account: add the account that may "
                "be changed",
                code="Refused",
            )
        if self.account not in self._allowed_accounts:
            raise TargetError(
                f"{why} is refused: account {self.account} is not in allowed_accounts of [tool.stackproof]",
                code="Refused",
            )

    @contextmanager
    def writing(self, why: str) -> Iterator[None]:
        """A block in which calls may change the account; refused unless the account and the run allow it."""
        self.require_changes_allowed(why)
        with self._guard.writing(why):
            yield

    def _refuse_other_environment(self, stack: Stack) -> None:
        """A stack that was synthesized for one account and region does not go into another."""
        for kind, wanted, here in (("account", stack.account, self.account), ("region", stack.region, self.region)):
            if wanted is not None and wanted != here and not self._emulator:
                raise TargetError(f"stack {stack.name} is for {kind} {wanted}, and this is {here}", code="Refused")

    # -- connections

    @cached_property
    def _identity(self) -> tuple[str, str]:
        with answering(self.endpoint_url), translated_errors("reading the caller's identity"):
            answer = self.client("sts").get_caller_identity()
        return str(answer["Account"]), str(answer["Arn"]).split(":")[1]

    @cached_property
    def _session(self) -> Any:
        if self._emulator:
            return emulator_session_as(
                self._role_arn,
                str(self.endpoint_url),
                self.region,
                retries=self._retries,
                watched=self._guard.signing_in,
            )
        with translated_errors("signing in to AWS"):
            return account_session(self._profile, self._region, self._role_arn, watched=self._guard.signing_in)

    def _new_client(self, service: str, *, reads_secrets: bool = False) -> Any:
        if self._emulator:
            client = emulator_client(service, str(self.endpoint_url), self.region, self._session, self._retries)
        else:
            from botocore.config import Config

            client = self._session.client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                config=Config(
                    retries={"mode": "adaptive", "total_max_attempts": _SDK_ATTEMPTS},
                    max_pool_connections=64,
                    connect_timeout=self._retries.connect_timeout,
                    read_timeout=self._retries.read_timeout_of(service),
                ),
            )
            client.meta.events.register("before-send.*.*", lambda **_: self._take_turn(service))
        repeat_reads(client.meta.events, self._retries, self._breaker, service=service)
        return self._guard.reading_secrets(client) if reads_secrets else self._guard.watched(client)

    def _take_turn(self, service: str) -> None:
        """Wait until one more request may be sent, also a repeated one; whose account it is, sts is still to say."""
        self._pace.wait("" if service == "sts" else self.account, self.region, prefix_of(service))

    @cached_property
    def _stacks(self) -> CloudFormation:
        return CloudFormation(
            self.client,
            StackContext(
                account=self.account,
                region=self.region,
                partition=self.partition,
                emulator=self._emulator,
                zones=self._zones,
                parameters=self._parameters,
                capabilities=self._capabilities,
                options=self._options,
                deadline=self._deadline,
                poll_interval=_EMULATOR_PAUSE if self._emulator else _PAUSE,
                progress=self._progress,
            ),
        )

    @property
    def _options(self) -> str:
        """The options that lead the AWS CLI to the same account and region."""
        named = (("--region", self.region), ("--profile", self._profile), ("--endpoint-url", self.endpoint_url))
        return " ".join(f"{name} {value}" for name, value in named if value)

    def _zones(self) -> tuple[str, ...]:
        """What `Fn::GetAZs` gives: zones with a default subnet; without any, all; none if that may not be read."""
        ec2 = self.client("ec2")
        try:
            here = [{"Name": "default-for-az", "Values": ["true"]}]
            pages = ec2.get_paginator("describe_subnets").paginate(Filters=here)
            found = {str(subnet["AvailabilityZone"]) for page in pages for subnet in page["Subnets"]}
            if not found:
                zones = ec2.describe_availability_zones()["AvailabilityZones"]
                found = {str(zone["ZoneName"]) for zone in zones if zone.get("ZoneType", _ZONE) == _ZONE}
        except ec2.exceptions.ClientError as error:
            if reason_of(error) is not UnprovenReason.DENIED:
                raise
            return ()
        return tuple(sorted(found))
