"""Runs a Python CDK app in its own interpreter and notes what it read and which of its lines ran.

A script, not a module: it may run under an interpreter that has no stackproof, so it needs nothing but Python itself
(and `coverage`, where coverage is asked for).

    python runner.py TRACE_JSON ROOT COVERAGE_FILE SCRIPT [ARGUMENT …]      COVERAGE_FILE is "" for none
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import runpy
import sys
from pathlib import Path

# A synth makes objects that all live to its end: looking for garbage as often as by default is a tenth of its time.
_RARELY = 100_000
_NOT_INPUTS = ("/proc", "/dev", "/sys")
_WRITERS = frozenset({io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom})
_PLAIN = _WRITERS | {io.FileIO, io.BytesIO, io.StringIO, io.BufferedReader, io.BufferedRWPair}


def main() -> None:
    """Run the app as `__main__` and write the trace, also when the app fails."""
    trace, root, coverage_file, script, *arguments = sys.argv[1:]
    ended_well: list[bool] = []
    atexit.register(_leave, ended_well)  # the first that is registered is the last that runs
    gc.set_threshold(_RARELY, *gc.get_threshold()[1:])
    opened: set[str] = set()
    sys.path[0] = str(Path(script).resolve().parent)
    sys.argv = [script, *arguments]

    def audit(event: str, details: tuple[object, ...]) -> None:
        if event == "open" and isinstance(details[0], str):
            opened.add(details[0])

    recorder = _recorder(coverage_file, root)
    sys.addaudithook(audit)
    try:
        runpy.run_path(script, run_name="__main__")
        ended_well.append(True)
    except SystemExit as end:
        ended_well.extend([True] if end.code is None or end.code == 0 else [])
        raise
    finally:
        outside = _outside(opened | _modules(), root)
        if recorder is not None:
            recorder.stop()
            recorder.save()
        Path(trace).write_text(json.dumps({"outside": outside, "python": sys.version}), encoding="utf-8")


def _leave(ended_well: list[bool]) -> None:
    """End at once, with everything written: to forget all that a synth made takes Python a fifth of the synth.

    If an open file still has its end to write, such as an archive, Python ends in its usual way.
    """
    if not ended_well:
        return
    kinds: dict[type, bool] = {}
    for live_object in gc.get_objects():
        kind = type(live_object)
        if kind not in kinds:
            kinds[kind] = issubclass(kind, io.IOBase) or (kind.__module__, kind.__name__) == ("zipfile", "ZipFile")
        if not kinds[kind]:
            continue
        try:
            if kind in _WRITERS and not live_object.closed:
                live_object.flush()
            elif kind not in _PLAIN and not getattr(live_object, "closed", False):
                return
        except (OSError, ValueError):
            return  # Python reports it
    os._exit(0)


def _recorder(coverage_file: str, root: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - coverage may be absent
    if not coverage_file:
        return None
    import coverage

    recorder = coverage.Coverage(data_file=coverage_file, branch=True, source=[root], config_file=False)
    recorder.start()
    return recorder


def _modules() -> set[str]:
    """The source of every module: where its bytecode is there, only that was opened, and only the source is edited."""
    places = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {place for place in places if isinstance(place, str)}


def _outside(opened: set[str], root: str) -> list[str]:
    """The files outside the app's root that still exist: its inputs, less Python itself and what is installed."""
    installed = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(name for name in sys.path if "site-packages" in name)}
    home_cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    known = (
        *(os.path.realpath(name) for name in installed),
        os.path.realpath(root),
        os.path.realpath(os.environ["CDK_OUTDIR"]),
        os.path.realpath(home_cache),
        os.path.realpath(Path(__file__).parent),
        *_NOT_INPUTS,
    )
    found = {os.path.realpath(text) for text in opened if not text.endswith((".pyc", ".pyo"))}
    return sorted(
        text
        for text in found
        if not any(text == prefix or text.startswith(prefix + os.sep) for prefix in known)
        and "jsii-" not in text
        and Path(text).is_file()
    )


if __name__ == "__main__":
    main()
