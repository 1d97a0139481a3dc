"""Target "moto": an embedded AWS on this machine, completed so that all that a template sets can be looked at."""

from __future__ import annotations

import contextlib
from pathlib import Path

from stackproof.errors import TargetError
from stackproof.model.assembly import Stack
from stackproof.model.deployment import Deployment
from stackproof.targets.emulator import Emulator, emulator_environment
from stackproof.targets.failures import translated_errors
from stackproof.targets.moto_gaps import ZONES, is_gap
from stackproof.targets.owned_process import OwnedProcess, start_owned

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
    return emulator_environment(
        keep=lambda name: not name.startswith(("AWS_", "MOTO_", "COV_CORE")),
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_EC2_LOAD_DEFAULT_AMIS="false",
    )


class MotoTarget(Emulator):
    """One emulator, by its URL; any number of processes may use it at once."""

    name = "moto"
    _deadline = 120.0

    def deploy(self, stack: Stack) -> Deployment:
        """Create the stack; one that is there already is taken as it is, or made anew if its template has changed.

        The emulator does not carry an update on to what depends on the updated resource, so it does without updates.
        """
        with self.writing(f"deploying stack {stack.name}"):
            return self._deployed_anew(stack)

    def _deployed_anew(self, stack: Stack) -> Deployment:
        if self._stacks.described(stack.name) is not None:
            if self._deployed_body(stack.name) == stack.template.body and not self._parameters:
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

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        return is_gap(resource_type, property_path) if property_path else resource_type not in _known_types()

    def _zones(self) -> tuple[str, ...]:
        return tuple(f"{self.region}{letter}" for letter in ZONES)

    def _lift_protection(self, stack_name: str) -> None:
        with translated_errors(f"replacing stack {stack_name}"):
            for each in self._stacks.deployment(stack_name).resources:
                if each.resource_type == "AWS::RDS::DBInstance":
                    self.client("rds").modify_db_instance(
                        DBInstanceIdentifier=each.physical_id, DeletionProtection=False, ApplyImmediately=True
                    )


def _known_types() -> frozenset[str]:
    """The resource types that the emulator's CloudFormation knows, with ours."""
    from moto.cloudformation.parsing import NULL_MODELS, get_model_map  # noqa: PLC0415 - takes a second to import

    from stackproof.targets.moto_models.models import HANDLERS  # noqa: PLC0415

    return frozenset({*get_model_map(), *HANDLERS} - {*NULL_MODELS})
