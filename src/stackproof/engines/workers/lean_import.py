"""A large package of which little is needed, without its `__init__`: half of cfn-lint's start is sympy's."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence

__all__ = ["import_lean"]


def import_lean(name: str, parts: Sequence[str]) -> None:
    """Import only `parts` of a package; should anyone ask for more of it, its `__init__` runs after all."""
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    package = importlib.util.module_from_spec(spec)
    loader = spec.loader

    def load_all(attribute: str) -> object:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        del package.__getattr__
        loader.exec_module(package)
        return getattr(package, attribute)

    sys.modules[name] = package
    for part in parts:
        module = importlib.import_module(f"{name}.{part}")
        names = getattr(module, "__all__", ())
        vars(package).update({each: getattr(module, each) for each in names})
    package.__getattr__ = load_all  # type: ignore[method-assign]
