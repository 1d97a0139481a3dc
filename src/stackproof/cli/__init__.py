"""The command line: reads the calendar date, prints, and ends with an exit code."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from typing import NoReturn

import click

from stackproof import __version__
from stackproof.cli.cache import cache
from stackproof.cli.check import check
from stackproof.cli.drift import drift
from stackproof.cli.gate import gate
from stackproof.cli.iam_policy import iam_policy
from stackproof.cli.live import deploy, prove
from stackproof.cli.synth import synth
from stackproof.cli.target import target
from stackproof.cli.tools import tools
from stackproof.cli.versions import versions
from stackproof.errors import StackproofError, SynthError

__all__ = ["main"]

_COMMANDS = (synth, check, gate, deploy, prove, drift, iam_policy, target, versions, tools, cache)
_TAIL = 15
# What a command makes lives to its end: looking for garbage as often as by default is a fifth of a large check.
_RARELY = 100_000


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="stackproof")
def commands() -> None:
    """Prove an AWS CDK or CloudFormation stack: in its template, against policy, in the account.

    \b
    Exit codes:
      0  everything held
      1  something is violated or differs
      2  the command line, the configuration or a policy file is wrong
      3  something could not be judged or read at all
    """


for _command in _COMMANDS:
    commands.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; what stackproof can explain is one line on stderr, never a traceback."""
    gc.set_threshold(_RARELY, *gc.get_threshold()[1:])
    try:
        # Not standalone, click gives the exit code of a command back instead of ending with it.
        code = commands(args=arguments, standalone_mode=False)
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
        error.show()
        sys.exit(2)
    except StackproofError as error:
        if isinstance(error, SynthError) and error.output:
            click.echo("\n".join(error.output.rstrip().splitlines()[-_TAIL:]), err=True)
        click.echo(f"stackproof: error: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - Python's own exit code for a crash is 1, which would say "violated"
        traceback.print_exc()
        click.echo("stackproof: internal error: nothing was decided; please report the traceback above", err=True)
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)


def _without_reader() -> NoReturn:
    """Whoever read our output has gone: there is no one left to tell, and nothing left to write at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(3)
