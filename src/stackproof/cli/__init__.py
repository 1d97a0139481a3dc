"""The command line: reads the calendar date, prints, and ends with an exit code."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import traceback
from importlib import import_module
from typing import NoReturn

import click

from stackproof import __version__
from stackproof.cli.errors import print_error
from stackproof.core.errors import StackproofError, SynthError

__all__ = ["main"]

_COMMANDS = {
    "cache": "cache:cache",
    "check": "check:check",
    "deploy": "deploy:deploy",
    "drift": "drift:drift",
    "gate": "gate:gate",
    "iam-policy": "iam_policy:iam_policy",
    "prove": "prove:prove",
    "synth": "synth:synth",
    "target": "target:target",
    "tools": "tools:tools",
    "versions": "versions:versions",
}
"""Where each command is: module and attribute. One is imported when it is called, since a gate needs no audit."""
_TAIL = 15
_UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""What a full or broken device says, which is nothing to report to us."""
# What a command makes lives to its end: looking for garbage as often as by default is a fifth of a large check.
_RARELY = 100_000


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS and cmd_name not in self.commands:
            module, _, name = _COMMANDS[cmd_name].partition(":")
            self.add_command(getattr(import_module(f"{__name__}.{module}"), name))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="stackproof")
def commands() -> None:
    """Prove an AWS CDK or CloudFormation stack: in its template, against policy, in the account.

    \b
    Exit codes:
      0  everything held
      1  something is violated or differs
      2  the command line, the configuration or a policy file is wrong
      3  something could not be evaluated or read
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one command; what stackproof can explain is one line on stderr, never a traceback."""
    gc.set_threshold(_RARELY, *gc.get_threshold()[1:])
    if arguments is None:
        signal.signal(signal.SIGTERM, _interrupted)  # a cancelled job cleans up as after Ctrl-C
    try:
        # Not standalone, click gives the exit code of a command back instead of ending with it.
        code = commands(args=arguments, prog_name="stackproof", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit:
        # This is how click itself ends when the reader has gone, and with 1, which would say "violated".
        _without_reader()
    except BrokenPipeError:
        _without_reader()
    except (click.Abort, KeyboardInterrupt):
        click.echo("stackproof: interrupted", err=True)
        sys.exit(3)
    except click.ClickException as error:
        _show(error)
        sys.exit(2)
    except StackproofError as error:
        if isinstance(error, SynthError) and error.output:
            click.echo("\n".join(error.output.rstrip().splitlines()[-_TAIL:]), err=True)
        print_error(str(error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - Python's own exit code for a crash is 1, which would say "violated"
        _crashed(error)
    sys.exit(code if isinstance(code, int) else 0)


def _show(error: click.ClickException) -> None:
    """Show an error of the command line: its usage, then the message with the prefix of all other errors."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # a group without a command shows its help
        error.show()
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        usage, path = error.ctx.get_usage(), error.ctx.command_path
        click.echo(f"{usage}\nTry '{path} --help' for help.\n", err=True)
    print_error(error.format_message())


def _crashed(error: Exception) -> NoReturn:
    if isinstance(error, OSError) and error.errno in _UNWRITTEN:
        what = error.filename or "the report"
        print_error(f"{what} could not be written: {error.strerror}")
        _without_reader()
    traceback.print_exc()
    click.echo("stackproof: internal error: there is no result; please report the traceback above", err=True)
    sys.exit(3)


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _without_reader() -> NoReturn:
    """End without a traceback if standard output is closed: nothing more can be written, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(3)
