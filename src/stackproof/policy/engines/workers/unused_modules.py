"""Replaces packages that an engine imports but does not use; a use of one is reported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["UnusedModules", "folder_of", "import_without_contents"]


class UnusedModules(MetaPathFinder, Loader):
    """Put into `sys.meta_path`, it gives an empty package for each of the names.

    Whatever is asked of such a package is a class, since that is what modules want at import: to inherit from it, to
    name it in `except`. `used` are the names of the classes that something was made of since `watch` was called.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = frozenset(packages)
        self._is_watching = False
        self.used: set[str] = set()

    def watch(self) -> None:
        """The imports are over."""
        self._is_watching = True

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A package, whatever its name says: any module may be imported from it."""
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in self._packages else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The empty package."""
        return _Package(spec.name, self)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""

    def note(self, name: str) -> None:
        """Something of that name was made."""
        if self._is_watching:
            self.used.add(name)


class _Package(ModuleType):
    def __init__(self, name: str, owner: UnusedModules) -> None:
        super().__init__(name)
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        owner, full = self._owner, f"{self.__name__}.{name}"

        def note(_self: Any, *_arguments: Any, **_named: Any) -> None:
            owner.note(full)

        found = type(name, (Exception,), {"__init__": note})
        setattr(self, name, found)
        return found


def import_without_contents(package: str, folder: Path) -> None:
    """Let a package be there without running its `__init__`; a module of it that is named is found."""
    module = ModuleType(package)
    module.__path__ = [str(folder)]
    sys.modules[package] = module


def folder_of(package: str) -> Path | None:
    """Where a package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None
