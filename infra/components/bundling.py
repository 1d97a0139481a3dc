"""The function's code together with the distributions it needs, without Docker and without pip."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path, PurePath

from packaging.requirements import Requirement

# Where the code will run, not where it is bundled: markers must not make two machines differ.
_TARGET = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
    "extra": "",
}
# Of a distribution's metadata only what is read at run time (METADATA) or must go along (licenses):
# the rest records how and where it was installed.
_KEPT_METADATA = re.compile(r"METADATA|licenses/.+|(LICEN[CS]E|COPYING|NOTICE)[^/]*")


class BundlingError(RuntimeError):
    """The function's code cannot be put together; the message says what to install."""


@contextmanager
def staged(source: Path, *, distributions: Iterable[str]) -> Iterator[Path]:
    """Give a folder with the source's files and the installed distributions, removed afterwards.

    The same installed versions give the same files with the same modes on any machine.
    """
    with tempfile.TemporaryDirectory(prefix="tap-stack-") as folder:
        target = Path(folder)
        for path in sorted(source.rglob("*")):
            if path.is_file() and _belongs(path.relative_to(source)):
                _copy(path, target / path.relative_to(source))
        for distribution in _closure(distributions):
            for file in distribution.files or ():
                if _belongs(file):
                    _copy(Path(str(distribution.locate_file(file))), target / file)
        yield target


def _closure(names: Iterable[str]) -> list[metadata.Distribution]:
    """Find the distributions and all that they require, by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            found[key] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            msg = f"the function needs {name}, which is not installed here: pip install {name}"
            raise BundlingError(msg) from None
        if not found[key].files:
            msg = f"{name} is installed without a list of its files: pip install --force-reinstall {name}"
            raise BundlingError(msg)
        for text in found[key].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(_TARGET):
                waiting.append(requirement.name)
    return [found[key] for key in sorted(found)]


def _belongs(file: PurePath) -> bool:
    """Say whether a file is part of the code: no bytecode, no scripts outside, no installer's notes."""
    top, *rest = file.parts
    if top.endswith(".dist-info"):
        return _KEPT_METADATA.fullmatch("/".join(rest)) is not None
    return top != ".." and "__pycache__" not in file.parts and file.suffix != ".pyc"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    # Lambda's own user must be able to read it, whatever this machine's umask.
    target.chmod(0o644)
