"""Target "moto": an embedded AWS on this machine, completed so that all that a template sets can be read."""

from __future__ import annotations

from pathlib import Path

from stackproof.deployment import deadlines
from stackproof.targets.emulators.emulator import Emulator, emulator_environment
from stackproof.targets.emulators.moto_gaps import ZONES, is_gap
from stackproof.targets.emulators.owned_process import OwnedProcess, start_owned
from stackproof.targets.failures import translated_errors

__all__ = ["MotoTarget", "start_moto"]


def start_moto(owner_pid: int, directory: Path) -> OwnedProcess:
    """Start an emulator that ends with the owner's process; its port file is in the directory for that time.

    With owner 0 it runs until it gets a signal.
    """
    return start_owned(
        "moto",
        "stackproof.targets.emulators.moto_server",
        owner_pid=owner_pid,
        directory=directory,
        environment=_environment(),
    )


def _environment() -> dict[str, str]:
    """Nothing of the user's AWS settings, and nothing that changes how the emulator behaves."""
    return emulator_environment(
        keep=lambda name: not name.startswith(("AWS_", "MOTO_")),
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_EC2_LOAD_DEFAULT_AMIS="false",
    )


class MotoTarget(Emulator):
    """One emulator, by its URL; any number of processes may use it at once."""

    name = "moto"
    _called = "moto"
    _deadline = deadlines.MOTO

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        return is_gap(resource_type, property_path) if property_path else bool(self.unknown_types([resource_type]))

    def _zones(self) -> tuple[str, ...]:
        return tuple(f"{self.region}{letter}" for letter in ZONES)

    def _before_deletion(self, stack_name: str) -> None:
        """Lift the deletion protection of databases."""
        with translated_errors(f"replacing stack {stack_name}"):
            for resource in self._stacks.deployment(stack_name).resources:
                if resource.resource_type == "AWS::RDS::DBInstance":
                    self.client("rds").modify_db_instance(
                        DBInstanceIdentifier=resource.physical_id, DeletionProtection=False, ApplyImmediately=True
                    )
