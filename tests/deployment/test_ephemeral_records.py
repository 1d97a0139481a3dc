"""Ephemeral stacks are known while they live, and found when their run has ended without removing them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stackproof.calls.connection import Connection
from stackproof.deployment.ephemeral_records import EphemeralStacks
from stackproof.deployment.ephemeral_stack import EphemeralStack

NET = EphemeralStack(stack_name="Net-x", account="123456789012", connection=Connection(region="eu-west-1"))
KILLED = """
import os, signal, sys
from pathlib import Path
from stackproof.calls.connection import Connection
from stackproof.deployment.ephemeral_stack import EphemeralStack
from stackproof.deployment.ephemeral_records import EphemeralStacks

made = EphemeralStack(
    stack_name="Net-x", account="123456789012", connection=Connection(region="eu-west-1")
)
with EphemeralStacks(Path(sys.argv[1])).noted([made]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_stack_of_a_living_run_is_not_left_over(tmp_path: Path) -> None:
    store = EphemeralStacks(tmp_path / "ephemeral")
    assert store.left() == ()
    with store.noted([NET]):
        assert EphemeralStacks(tmp_path / "ephemeral").left() == ()
    assert store.left() == (NET,)
    store.forget("Net-x")
    assert store.left() == ()


def test_nothing_stays_of_a_stack_that_is_gone(tmp_path: Path) -> None:
    store = EphemeralStacks(tmp_path)
    with store.noted([NET]):
        store.forget("Net-x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("processes")
def test_a_killed_run_leaves_what_it_made_to_be_found(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert EphemeralStacks(tmp_path).left() == (NET,)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stack_name": "Broken"}', "\xff"])
def test_a_damaged_note_hides_no_other_and_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "Broken.json").write_text(text, encoding="latin-1")
    with EphemeralStacks(tmp_path).noted([NET]):
        pass
    store = EphemeralStacks(tmp_path)
    assert store.left() == (NET,)
    assert store.unreadable() == (tmp_path / "Broken.json",)


def test_a_note_of_a_living_run_is_not_called_unreadable(tmp_path: Path) -> None:
    with EphemeralStacks(tmp_path).noted([NET]):
        (tmp_path / "Net-x.json").write_text("", encoding="utf-8")
        assert EphemeralStacks(tmp_path).unreadable() == ()
