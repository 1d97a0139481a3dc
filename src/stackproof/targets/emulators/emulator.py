"""What the targets on this machine have in common: one emulator by its URL, its clients, and what it starts with."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Final

from stackproof.calls.recorder import CallRecorder
from stackproof.core.errors import TargetError
from stackproof.core.json import JsonObject
from stackproof.core.region import DEFAULT_REGION
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.targets.cloudformation.pruned_stack import (
    KnownTypes,
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
from stackproof.targets.guard import Guard
from stackproof.targets.repeating import Breaker, Retries, repeat_reads
from stackproof.targets.sessions import emulator_client, emulator_session_as
from stackproof.template.assembly import Stack
from stackproof.template.pruning import PrunedTemplate

__all__ = ["Emulator", "emulator_environment"]

_COVERAGE: Final = ("COV_CORE", "COVERAGE_")


def emulator_environment(*, keep: Callable[[str], bool], **own: str) -> dict[str, str]:
    """The variables of this process that `keep` lets through, those of one emulator, and no AWS settings of a user.

    The coverage of a suite does not measure the emulator: it would be a third slower.
    """
    return {
        **{name: value for name, value in os.environ.items() if keep(name) and not name.startswith(_COVERAGE)},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "PYTHONWARNINGS": "ignore",
        **own,
    }


class Emulator:
    """The part of `ports.Target` that is the same for all emulators; any number of processes may use one at once."""

    name: str
    _called: str
    """As people write it."""
    partition = "aws"
    _deadline: float
    """Seconds that CloudFormation may take."""
    _key = "testing"
    """The access key."""

    def __init__(  # noqa: PLR0913 - where, who, and who hears of it
        self,
        endpoint_url: str,
        *,
        region: str = DEFAULT_REGION,
        role_arn: str | None = None,
        parameters: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
        calls: CallRecorder | None = None,
        retries: Retries | None = None,
        capabilities: Sequence[str] = CAPABILITIES,
        deadline: float | None = None,
    ) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self._role_arn = role_arn
        self._parameters = dict(parameters or {})
        self._progress = progress
        self._retries = retries or Retries()
        self._breaker = Breaker(self._retries)
        self._capabilities = tuple(capabilities)
        self._deadline = deadline or self._deadline
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._guard = Guard(self.name, calls or CallRecorder())
        self._types = KnownTypes(self.client, self._called, names_unknown=True)

    @cached_property
    def account(self) -> str:
        with answering(self.endpoint_url), translated_errors(f"attaching to {self.endpoint_url}"):
            return str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def _session(self) -> Any:
        return emulator_session_as(
            self._role_arn,
            self.endpoint_url,
            self.region,
            key=self._key,
            retries=self._retries,
            watched=self._guard.signing_in,
        )

    @cached_property
    def _stacks(self) -> CloudFormation:
        return CloudFormation(
            self.client,
            StackContext(
                account=self.account,
                region=self.region,
                partition=self.partition,
                emulator=True,
                zones=self._zones,
                parameters=self._parameters,
                capabilities=self._capabilities,
                tidied=True,
                options=f"--region {self.region} --endpoint-url {self.endpoint_url}",
                deadline=self._deadline,
                poll_interval=0.1,
                progress=self._progress,
            ),
        )

    def client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._guard.watched(self._new_client(service))
            return self._clients[service]

    def writing(self, why: str) -> AbstractContextManager[None]:
        """A block in which calls may change something."""
        return self._guard.writing(why)

    def require_changes_allowed(self, why: str) -> None:
        """An emulator may be changed at any time."""

    def deploy(self, stack: Stack) -> Deployment:
        """Create the stack, less what the emulator does not know; one of the same template is taken as it is.

        It is made anew if its template has changed: emulators do not carry an update on to all that depends on what is
        updated. What was pruned, and why, is in the `Metadata` of the deployed template and in the deployment.
        """
        with self.writing(f"deploying stack {stack.name}"):
            return self._deployed_anew(stack)

    def _deployed_anew(self, stack: Stack) -> Deployment:
        if self._stacks.described(stack.name) is not None:
            if noted_on(self._deployed_body(stack.name)).get("source") == source_of(stack) and not self._parameters:
                return self.deployment(stack.name)
            self._before_deletion(stack.name)
            self._stacks.destroy(stack.name)
        refused: dict[str, str] = {}
        while True:
            found, _ = self.prune(stack, refused)
            try:
                self._stacks.deploy(found)
            except TargetError:
                refusal = refusal_of(self.client("cloudformation"), stack.name, self._called)
                with contextlib.suppress(Exception):  # a half-made stack blocks the next attempt
                    self._stacks.destroy(stack.name)
                if refusal is None or refusal[0] in refused:
                    raise
                refused.update([refusal])
            else:
                made = self.deployment(stack.name)
                self._after_creation(stack, made)
                return made

    def deployment(self, stack_name: str, *, body: JsonObject | None = None) -> Deployment:
        return with_noted(self._stacks.deployment(stack_name), body or self._deployed_body(stack_name))

    def prune(self, stack: Stack, refused: Mapping[str, str] | None = None) -> tuple[Stack, PrunedTemplate]:
        """The stack less what is not known here, and less what was refused when it was tried."""
        return prune_stack(stack, self._lacks(refused or {}), not_exported(self.client("cloudformation"), stack))

    def _lacks(self, refused: Mapping[str, str]) -> Callable[[Stack, str], str | None]:
        """Why a stack cannot have a resource here, or None."""
        return self._types.why_not(refused)

    def unknown_types(self, resource_types: Iterable[str]) -> frozenset[str]:
        """The types that the emulator's CloudFormation does not know, in one call for all of them."""
        return self._types.unknown(resource_types)

    def _before_deletion(self, stack_name: str) -> None:
        """What has to happen before a stack can be deleted."""

    def _after_creation(self, stack: Stack, made: Deployment) -> None:
        """What AWS does to a new stack and the emulator does not."""

    def destroy(self, stack_name: str, *, empty: bool = False) -> tuple[DeployedResource, ...]:
        with self.writing(f"deleting stack {stack_name}"):
            return self._stacks.destroy(stack_name, empty=empty)

    def translated(self, error: Exception) -> UnprovenReason | None:
        return reason_of(error)

    def secret_value(self, secret_id: str) -> str:
        """The value of a secret, for a test that has to use it; it must reach neither report nor log."""
        with translated_errors("reading a secret"):
            client = self._guard.reading_secrets(self._new_client("secretsmanager"))
            return str(client.get_secret_value(SecretId=secret_id)["SecretString"])

    def _new_client(self, service: str) -> Any:
        made = emulator_client(service, self.endpoint_url, self.region, self._session, self._retries)
        repeat_reads(made.meta.events, self._retries, self._breaker, service=service)
        return made

    def _zones(self) -> tuple[str, ...]:
        zones = self.client("ec2").describe_availability_zones()["AvailabilityZones"]
        return tuple(sorted(str(zone["ZoneName"]) for zone in zones))

    def _deployed_body(self, stack_name: str) -> JsonObject:
        """The template of a stack that is there, as plain JSON."""
        with translated_errors(f"reading stack {stack_name}"):
            return plain_body(self.client("cloudformation").get_template(StackName=stack_name)["TemplateBody"])
