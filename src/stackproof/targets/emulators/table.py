"""The table of emulators: one row for each. A new emulator is its target, its server and a row here.

Its name is also in `EMULATORS` of the settings, which the command line offers. Modules are imported when they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stackproof.targets.emulators.ministack import MiniStackTarget
    from stackproof.targets.emulators.moto import MotoTarget
    from stackproof.targets.emulators.owned_process import OwnedProcess

__all__ = ["TABLE", "EmulatorRow", "row_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorRow:
    """One emulator: how its server is started, and the class of its target."""

    name: str
    start: Callable[[], Callable[..., OwnedProcess]]
    target: Callable[[], type[MotoTarget | MiniStackTarget]]
    runs_functions: bool = False


def _start_moto() -> Callable[..., OwnedProcess]:
    from stackproof.targets.emulators.moto import start_moto

    return start_moto


def _moto() -> type[MotoTarget]:
    from stackproof.targets.emulators.moto import MotoTarget

    return MotoTarget


def _start_ministack() -> Callable[..., OwnedProcess]:
    from stackproof.targets.emulators.ministack import start_ministack

    return start_ministack


def _ministack() -> type[MiniStackTarget]:
    from stackproof.targets.emulators.ministack import MiniStackTarget

    return MiniStackTarget


TABLE: Final = (
    EmulatorRow(name="moto", start=_start_moto, target=_moto),
    EmulatorRow(name="ministack", start=_start_ministack, target=_ministack, runs_functions=True),
)


def row_of(name: str) -> EmulatorRow:
    """The row of an emulator; raises KeyError for a name that is none."""
    return {row.name: row for row in TABLE}[name]
