"""Synthesizes once for each state of the inputs, however many processes ask: a cache, a lock, an atomic rename."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from stackproof.core.errors import SynthError
from stackproof.core.json import JsonObject, digest
from stackproof.template.assembly import Deprecation
from stackproof.template.synth.app import AppRun, app_environment, run_app
from stackproof.template.synth.deprecations import parse_deprecations
from stackproof.template.synth.inputs import ABSENT, files_digest, synth_key

__all__ = ["SynthRequest", "SynthResult", "cached_entry", "synthesize"]

_WHOLE_FILE_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthRequest:
    """What to synthesize; `state` is the folder of the cache, `use_cache` False makes it anew.

    `reports` is a folder for what is written about the app, which is none of its inputs.
    `coverage` costs a quarter of a synth; an entry that has it serves a request that does not ask for it.
    """

    command: str
    directory: Path
    state: Path
    reports: Path | None = None
    context: JsonObject
    region: str
    account: str | None = None
    declared_environment: tuple[str, ...] = ()
    coverage: bool = False
    timeout: float = 600.0
    use_cache: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthResult:
    """A cloud assembly on disk. `traced` is False for an app whose reads outside its root are not known."""

    directory: Path
    key: str
    cached: bool
    seconds: float
    traced: bool
    deprecations: tuple[Deprecation, ...]
    coverage_file: Path | None


def cached_entry(request: SynthRequest) -> bool:
    """Whether the assembly for the state of the inputs is there already."""
    return _find(request, _environment(request)) is not None


def synthesize(request: SynthRequest) -> SynthResult:
    """The assembly for the state of the inputs as they are now; raises SynthError."""
    from filelock import FileLock

    began = time.monotonic()
    environment = _environment(request)
    key = _key(request, environment, coverage=request.coverage)
    folder = request.state / "synth"
    folder.mkdir(parents=True, exist_ok=True)
    ignore = request.state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    if request.use_cache and (entry := _find(request, environment)):
        return _result(entry, key, cached=True, seconds=time.monotonic() - began)
    with FileLock(folder / f"{key}.lock"):
        if request.use_cache and (entry := _find(request, environment)):
            return _result(entry, key, cached=True, seconds=time.monotonic() - began)
        entry = _make(request, environment, folder, key)
    return _result(entry, key, cached=False, seconds=time.monotonic() - began)


def _environment(request: SynthRequest) -> dict[str, str]:
    return app_environment(region=request.region, account=request.account, declared=request.declared_environment)


def _find(request: SynthRequest, environment: dict[str, str]) -> Path | None:
    """The entry with coverage first: it serves both kinds of request."""
    folder = request.state / "synth"
    for coverage in (True,) if request.coverage else (True, False):
        if entry := _whole(folder, _key(request, environment, coverage=coverage)):
            return entry
    return None


def _key(request: SynthRequest, environment: dict[str, str], *, coverage: bool) -> str:
    return synth_key(
        root=request.directory,
        without=request.reports,
        command=request.command,
        context=request.context,
        environment=environment,
        coverage=coverage,
    )


def _make(request: SynthRequest, environment: dict[str, str], folder: Path, key: str) -> Path:
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix="making-"))
    try:
        run = run_app(
            command=request.command,
            directory=request.directory,
            output=scratch / "cdk.out",
            context=request.context,
            environment=environment,
            coverage=request.coverage,
            timeout=request.timeout,
        )
        # What is gone by now was the app's own scratch, such as the runtime that jsii unpacks.
        outside = {name: found for name, found in files_digest(run.outside or ()).items() if found != ABSENT}
        entry = folder / digest([key, outside])
        _describe(scratch, run, outside)
        _put_in_place(scratch, entry)
    except OSError as error:
        raise SynthError(f"cannot keep the assembly in {folder}: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _point(folder / f"{key}.json", entry)
    return entry


def _describe(scratch: Path, run: AppRun, outside: dict[str, str]) -> None:
    """What was printed and read, and a hash of every file, so that damage shows."""
    (scratch / "trace.json").unlink(missing_ok=True)
    (scratch / "output.txt").write_text(run.output, encoding="utf-8")
    description = {"outside": outside, "traced": run.outside is not None, "files": _files(scratch)}
    (scratch / "entry.json").write_text(json.dumps(description, sort_keys=True), encoding="utf-8")


def _files(entry: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder, _, names in os.walk(entry):
        for name in names:
            file = Path(folder, name)
            if file.name != "entry.json" or file.parent != entry:
                found[str(file.relative_to(entry))] = _fingerprint(file)
    return found


def _fingerprint(file: Path) -> str:
    """Content of what decides; size alone of assets so large that hashing them would cost more than a synth."""
    size = file.stat().st_size
    if size > _WHOLE_FILE_LIMIT:
        return f"{size} bytes"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _put_in_place(scratch: Path, entry: Path) -> None:
    """By rename; an entry that someone may be reading is moved aside whole and only then removed."""
    whole = Path(tempfile.mkdtemp(dir=entry.parent, prefix="old-"))
    try:
        if entry.exists():
            entry.rename(whole / "entry")
        scratch.rename(entry)
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _point(pointer: Path, entry: Path) -> None:
    part = pointer.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps({"entry": entry.name}), encoding="utf-8")
    part.replace(pointer)


def _whole(folder: Path, key: str) -> Path | None:
    """The entry for the key, if it is undamaged and the files outside the app's root are as they were."""
    try:
        entry = folder / json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))["entry"]
        description = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
        if files_digest(description["outside"]) != description["outside"]:
            return None
        whole = _files(entry) == description["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return entry if whole else None


def _result(entry: Path, key: str, *, cached: bool, seconds: float) -> SynthResult:
    description = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
    coverage_file = entry / "coverage"
    return SynthResult(
        directory=entry / "cdk.out",
        key=digest([key, description["outside"]]),
        cached=cached,
        seconds=seconds,
        traced=description["traced"],
        deprecations=parse_deprecations((entry / "output.txt").read_text(encoding="utf-8")),
        coverage_file=coverage_file if coverage_file.is_file() else None,
    )
