"""`stackproof target`."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import click

from stackproof.calls.connection import Connection
from stackproof.cli.ephemeral import say_unreadable
from stackproof.cli.options import context_option, open_project, progress
from stackproof.cli.target_options import LiveOptions, chosen_stacks, live_options, live_targets
from stackproof.config.settings import EMULATORS, parse_context
from stackproof.core.errors import StackproofError, TargetError
from stackproof.core.scratch_folder import scratch_folder
from stackproof.core.shutdown import ShutdownRequest
from stackproof.wiring.ephemeral import records_of
from stackproof.wiring.live import capabilities, read_types, start_emulator
from stackproof.wiring.synth import synthesize
from stackproof.wiring.targets import open_target

__all__ = ["target"]

_PATIENCE = 30.0
_LOOK_EVERY = 0.5
_NOTE = "target.json"
_NONE = "no emulator runs that 'stackproof target up' started"


@click.group()
def target() -> None:
    """Start and stop an embedded AWS to work against."""


@target.command()
@click.argument("name", required=False, type=click.Choice(EMULATORS))
def up(name: str | None) -> None:
    """Start an emulator on a free port of 127.0.0.1.

    Without a name, moto runs in the background until `target down`. With a name,
    the emulator runs in the foreground until Ctrl-C.

    \b
    Examples:
      eval "$(stackproof target up)"
      stackproof target up ministack
    """
    if name is not None:
        _serve(name)
        return
    state = _state()
    running = _running(state)
    if running is None:
        with progress("starting moto"):
            process = start_emulator(state.parent, owner_pid=0)
        process.release()
        running = {"endpoint_url": process.endpoint_url, "pid": str(process.pid)}
        state.write_text(json.dumps(running), encoding="utf-8")
    click.echo(f"export AWS_ENDPOINT_URL={running['endpoint_url']}")


def _serve(name: str) -> None:
    """Serve until a signal comes; the emulator is gone before this returns."""
    with scratch_folder() as scratch:
        with progress(f"starting {name}"):
            process = start_emulator(scratch, owner_pid=os.getpid(), name=name)
        try:
            shutdown = ShutdownRequest()
            click.echo(f"export AWS_ENDPOINT_URL={process.endpoint_url}")
            while not shutdown.wait(_LOOK_EVERY):
                if process.has_ended:
                    raise TargetError(f"{name} has ended by itself")
        finally:
            process.stop()


@target.command()
def down() -> None:
    """Stop what `target up` started.

    \b
    Example:
      stackproof target down
    """
    state = _state()
    running = _running(state)
    state.unlink(missing_ok=True)
    if running is None:
        click.echo(_NONE, err=True)
        return
    pid = int(running["pid"])
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and _is_ours(pid):
        time.sleep(0.05)
    if _is_ours(pid):
        raise TargetError(f"process {pid} does not end: kill -9 {pid}")
    click.echo(f"stopped {running['endpoint_url']}", err=True)


@target.command()
def status() -> None:
    """Print where the emulator runs that `target up` started.

    \b
    Example:
      stackproof target status
    """
    running = _running(open_project().settings.state_directory / _NOTE)
    click.echo(f"moto runs at {running['endpoint_url']} (process {running['pid']})" if running else _NONE)


@target.command(short_help="Ask targets what they can do.")
@context_option
@live_options
@click.option("--all-types", is_flag=True, help="Ask about every type that has a reader, not only those of the app.")
def describe(
    context: tuple[str, ...],
    target: str | None,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
    role_arn: str | None,
    stack: str | None,
    *,
    keep: bool,
    all_types: bool,
) -> None:
    """Ask targets what they can do: resource types, change sets, drift, code.

    Without an --endpoint-url, the emulator is started for this. An emulator gets a
    small function to run, which is removed again. An account is only read.

    \b
    Examples:
      stackproof target describe --target moto,ministack
      stackproof target describe --endpoint-url http://127.0.0.1:4566 --all-types
    """
    project = open_project()
    options = LiveOptions(
        target=target,
        keep=keep,
        connection=Connection(endpoint_url=endpoint_url, profile=profile, region=region, role_arn=role_arn),
    )
    if all_types:
        types = list(read_types())
    else:
        stacks = chosen_stacks(
            synthesize(project, parse_context(context), instead="give --all-types"), stack, several=True
        )
        types = sorted({r.resource_type for s in stacks for r in s.template.resources if not r.is_custom})
    with live_targets(project, options) as targets:
        for where in targets:
            for line in capabilities(where, types).lines():
                click.echo(line)


@target.command()
def clean() -> None:
    """Remove ephemeral stacks that an earlier run left behind.

    Accounts are changed only if [tool.stackproof] allowed_accounts has them.

    \b
    Example:
      stackproof target clean
    """
    project = open_project()
    records = records_of(project)
    left = records.left()
    unreadable = say_unreadable(project)
    if not left and not unreadable:
        click.echo("no ephemeral stack is left", err=True)
    failed = 0
    for stack in left:
        where = open_target(
            project,
            "aws",
            stack.connection,
            allow_changes=True,
        )
        try:
            if where.account != stack.account:
                raise TargetError(f"it is in account {stack.account}, and this is {where.account}", code="Refused")
            kept = where.destroy(stack.stack_name, empty=True)
        except StackproofError as error:
            click.echo(f"left over: stack {stack.stack_name}: {error}; {stack.command}", err=True)
            failed += 1
            continue
        records.forget(stack.stack_name)
        click.echo(f"removed stack {stack.stack_name}")
        for resource in kept:
            click.echo(f"left over: {resource.logical_id} ({resource.resource_type}) {resource.physical_id}", err=True)
    if failed:
        raise TargetError(f"{failed} of {len(left)} stacks could not be removed; see above", code="LeftOver")
    if unreadable:
        raise TargetError(f"{unreadable} notes about stacks cannot be read; see above", code="LeftOver")


def _state() -> Path:
    return open_project().state() / _NOTE


def _running(state: Path) -> dict[str, str] | None:
    """The content of the state file, if its process is still our emulator."""
    try:
        noted: dict[str, str] = json.loads(state.read_text(encoding="utf-8"))
        return noted if _is_ours(int(noted["pid"])) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_ours(pid: int) -> bool:
    """A process id may have gone to someone else meanwhile."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        return b"moto_server" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc").is_dir()
