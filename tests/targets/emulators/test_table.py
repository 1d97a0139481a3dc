"""The table of emulators has those that the settings name."""

from __future__ import annotations

import pytest

from stackproof.config.settings import EMULATORS
from stackproof.targets.emulators.ministack import MiniStackTarget, start_ministack
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.targets.emulators.table import TABLE, row_of
from stackproof.wiring.live import RUN_FUNCTIONS


def test_the_settings_and_the_table_have_the_same_emulators() -> None:
    assert tuple(row.name for row in TABLE) == EMULATORS
    assert {row.name for row in TABLE if row.runs_functions} == RUN_FUNCTIONS == {"ministack"}


def test_each_row_has_its_own_server_and_target() -> None:
    assert (row_of("moto").start(), row_of("moto").target()) == (start_moto, MotoTarget)
    assert (row_of("ministack").start(), row_of("ministack").target()) == (start_ministack, MiniStackTarget)
    with pytest.raises(KeyError):
        row_of("aws")
