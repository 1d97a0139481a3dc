"""What an engine is run without may be imported, named and inherited from; using it is noted."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackproof.policy.engines.workers.unused_modules import UnusedModules, folder_of, import_without_contents


@pytest.fixture
def absent() -> Iterator[UnusedModules]:
    found = UnusedModules(["nowhere"])
    sys.meta_path.insert(0, found)
    yield found
    sys.meta_path.remove(found)
    for name in [module for module in sys.modules if module.split(".")[0] == "nowhere"]:
        del sys.modules[name]


def test_any_module_and_any_name_of_the_package_can_be_imported(absent: UnusedModules) -> None:
    error = importlib.import_module("nowhere.errors").ClientError
    with pytest.raises(error):
        raise error("at import, so nobody minds")
    assert importlib.import_module("nowhere.errors").ClientError is error
    assert absent.used == set()


def test_what_is_made_of_it_later_is_noted(absent: UnusedModules) -> None:
    module = importlib.import_module("nowhere")
    absent.watch()

    class Heir(module.Session):  # type: ignore[misc,name-defined]
        pass

    Heir("x", y=1)
    assert absent.used == {"nowhere.Session"}


def test_other_packages_are_left_alone(absent: UnusedModules) -> None:
    assert absent.find_spec("elsewhere") is None
    assert not hasattr(importlib.import_module("nowhere"), "__all__")


def test_a_package_without_contents_still_gives_the_modules_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "heavy"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError('it costs a second')", encoding="utf-8")
    (folder / "light.py").write_text("WEIGHT = 1", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "heavy", None)
    import_without_contents("heavy", folder)
    assert importlib.import_module("heavy.light").WEIGHT == 1
    monkeypatch.delitem(sys.modules, "heavy.light")


def test_where_a_package_lies_is_known_without_importing_it() -> None:
    assert folder_of("stackproof") == Path(importlib.import_module("stackproof").__file__ or "").parent
    assert folder_of("no_such_package_anywhere") is None
