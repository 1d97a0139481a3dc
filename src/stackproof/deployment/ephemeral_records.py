"""Records of ephemeral stacks: written before one is made, removed with it, and found after a crash."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from stackproof.deployment.ephemeral_stack import EphemeralStack

__all__ = ["EphemeralStacks"]


class EphemeralStacks:
    """Notes in a folder, one file for each stack; a lock marks the runs that still go on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def noted(self, stacks: Sequence[EphemeralStack]) -> Iterator[None]:
        """Note stacks as those of this run for as long as the block lasts; each has to be forgotten by itself."""
        from filelock import FileLock

        self._folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as locks:
            for stack in stacks:
                locks.enter_context(FileLock(self._lock(stack.stack_name)))
                whole = self._file(stack.stack_name).with_suffix(".part")
                whole.write_text(json.dumps(stack.to_dict()), encoding="utf-8")
                whole.replace(self._file(stack.stack_name))  # a run that is killed meanwhile leaves no half of a note
            yield
            for stack in stacks:
                if not self._file(stack.stack_name).exists():
                    self._lock(stack.stack_name).unlink(missing_ok=True)

    def forget(self, stack_name: str) -> None:
        """Remove the record of a deleted stack."""
        self._file(stack_name).unlink(missing_ok=True)

    def left(self) -> tuple[EphemeralStack, ...]:
        """Stacks that outlived their run."""
        return tuple(stack for _, stack in self._ended() if stack is not None)

    def unreadable(self) -> tuple[Path, ...]:
        """Unreadable notes of runs that have ended; a file is named after its stack."""
        return tuple(file for file, stack in self._ended() if stack is None)

    def _ended(self) -> Iterator[tuple[Path, EphemeralStack | None]]:
        """The notes of runs that have ended, and their content."""
        from filelock import FileLock, Timeout

        for file in sorted(self._folder.glob("*.json")):
            try:
                with FileLock(file.with_suffix(".lock"), timeout=0):
                    text = file.read_text(encoding="utf-8")
            except (Timeout, FileNotFoundError):
                continue
            except (OSError, ValueError):
                yield file, None
                continue
            try:
                yield file, EphemeralStack.from_dict(json.loads(text))
            except (ValueError, KeyError, TypeError):
                yield file, None

    def _file(self, stack_name: str) -> Path:
        return self._folder / f"{stack_name}.json"

    def _lock(self, stack_name: str) -> Path:
        return self._folder / f"{stack_name}.lock"
