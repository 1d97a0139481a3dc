"""A large package of which little is needed: half of cfn-lint's start is sympy, and only conditions need all of it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence

__all__ = ["import_lean", "import_whole"]

_ASK_FOR_MORE = "__getattr__"


def import_lean(name: str, parts: Sequence[str]) -> None:
    """Import only the parts with which the package's `__init__` begins; it goes on when anyone asks for more."""
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None:
        return
    package = importlib.util.module_from_spec(spec)

    def more(attribute: str) -> object:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        import_whole(name)
        return getattr(package, attribute)

    sys.modules[name] = package
    for part in parts:
        module = importlib.import_module(f"{name}.{part}")
        vars(package).update({each: getattr(module, each) for each in getattr(module, "__all__", ())})
    vars(package)[_ASK_FOR_MORE] = more


def import_whole(name: str) -> None:
    """Import the rest of the package: its `__init__` runs as it would have, and finds the parts that are there."""
    package = importlib.import_module(name)
    if vars(package).pop(_ASK_FOR_MORE, None) is not None and package.__spec__ and package.__spec__.loader:
        package.__spec__.loader.exec_module(package)
