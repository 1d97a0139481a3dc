"""Prints errors: every line of an error has the same prefix."""

from __future__ import annotations

import click

__all__ = ["print_error"]


def print_error(message: str) -> None:
    """Print an error on stderr; if a file has several errors, each has its own line."""
    for line in message.splitlines():
        # Click indents the choices of an argument below their message.
        click.echo(line if line.startswith((" ", "\t")) else f"stackproof: error: {line}", err=True)
