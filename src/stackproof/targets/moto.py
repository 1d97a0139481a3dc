"""Target "moto": an embedded AWS on this machine, completed so that all that a template sets can be looked at."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from stackproof.errors import TargetError
from stackproof.model.assembly import Stack
from stackproof.model.deployment import Deployment
from stackproof.model.json import JsonValue
from stackproof.model.observation import UnprovenReason
from stackproof.targets.cloudformation import CloudFormation, Place
from stackproof.targets.failures import reason_of, translated_errors
from stackproof.targets.moto_gaps import ZONES, is_gap
from stackproof.targets.owned_process import OwnedProcess, start_owned
from stackproof.targets.sessions import emulator_client, emulator_session

__all__ = ["MotoTarget", "start_moto"]


def start_moto(owner_pid: int, directory: Path) -> OwnedProcess:
    """Start an emulator that lives as long as the owner's process; the directory takes its port file for that time.

    With owner 0 it lives until it gets a signal.
    """
    return start_owned(
        "moto",
        "stackproof.targets.moto_server",
        owner_pid=owner_pid,
        directory=directory,
        environment=_environment(),
    )


def _environment() -> dict[str, str]:
    """Nothing of the user's AWS settings, and nothing that changes how the emulator behaves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_", "COV_CORE"))}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "PYTHONWARNINGS": "ignore",
    }


class MotoTarget:
    """One emulator, by its URL; any number of processes may use it at once."""

    name = "moto"
    partition = "aws"

    def __init__(
        self,
        endpoint_url: str,
        *,
        region: str = "us-east-1",
        parameters: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self._parameters = dict(parameters or {})
        self._progress = progress
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @cached_property
    def account(self) -> str:
        with translated_errors(f"attaching to {self.endpoint_url}"):
            return str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 - boto3 has no types at run time
        return emulator_session(self.region)

    @cached_property
    def _stacks(self) -> CloudFormation:
        return CloudFormation(
            self.client,
            Place(
                account=self.account,
                region=self.region,
                partition=self.partition,
                emulator=True,
                zones=lambda: tuple(f"{self.region}{letter}" for letter in ZONES),
                parameters=self._parameters,
                deadline=120.0,
                pause=0.1,
                progress=self._progress,
            ),
        )

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        with self._lock:
            if service not in self._clients:
                self._clients[service] = emulator_client(service, self.endpoint_url, self.region, self._session)
            return self._clients[service]

    def deploy(self, stack: Stack) -> Deployment:
        """Create the stack; one that is there already is taken as it is, or made anew if its template has changed.

        The emulator does not carry an update on to what depends on the updated resource, so it does without updates.
        """
        if self._stacks.described(stack.name) is not None:
            if self._template(stack.name) == _plain(stack.template.body) and not self._parameters:
                return self._stacks.deployment(stack.name)
            self._lift_protection(stack.name)
            self._stacks.destroy(stack.name)
        try:
            return self._stacks.deploy(stack)
        except TargetError:
            with contextlib.suppress(Exception):  # a half-made stack stands in the way of the next attempt
                self.client("cloudformation").delete_stack(StackName=stack.name)
            raise

    def deployment(self, stack_name: str) -> Deployment:
        return self._stacks.deployment(stack_name)

    def destroy(self, stack_name: str) -> None:
        self._stacks.destroy(stack_name)

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        return is_gap(resource_type, property_path) if property_path else resource_type not in _known_types()

    def translated(self, error: Exception) -> UnprovenReason | None:
        return reason_of(error)

    def secret_value(self, secret_id: str) -> str:
        """The value of a secret, for a test that has to use it; it must reach neither report nor log."""
        with translated_errors("reading a secret"):
            return str(self.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])

    def _template(self, stack_name: str) -> JsonValue:
        with translated_errors(f"reading stack {stack_name}"):
            return _plain(self.client("cloudformation").get_template(StackName=stack_name)["TemplateBody"])

    def _lift_protection(self, stack_name: str) -> None:
        with translated_errors(f"replacing stack {stack_name}"):
            for each in self._stacks.deployment(stack_name).resources:
                if each.resource_type == "AWS::RDS::DBInstance":
                    self.client("rds").modify_db_instance(
                        DBInstanceIdentifier=each.physical_id, DeletionProtection=False, ApplyImmediately=True
                    )


def _plain(value: Any) -> JsonValue:  # noqa: ANN401 - what GetTemplate gives: text or a structure
    """JSON without ordered dictionaries and the like."""
    import json  # noqa: PLC0415

    found: JsonValue = json.loads(value if isinstance(value, str) else json.dumps(value, default=str))
    return found


def _known_types() -> frozenset[str]:
    """The resource types that the emulator's CloudFormation knows, with ours."""
    from moto.cloudformation.parsing import NULL_MODELS, get_model_map  # noqa: PLC0415 - takes a second to import

    from stackproof.targets.moto_models.models import HANDLERS  # noqa: PLC0415

    return frozenset({*get_model_map(), *HANDLERS} - {*NULL_MODELS})
