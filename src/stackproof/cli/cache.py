"""`stackproof cache`."""

from __future__ import annotations

import click

from stackproof.cli.options import open_project

__all__ = ["cache"]


@click.group()
def cache() -> None:
    """Show or empty stackproof's cache of this project."""


@cache.command()
def info() -> None:
    """Show where the cache is and how much it holds.

    \b
    Example:
      stackproof cache info
    """
    use = open_project().state_store().use()
    click.echo(f"{use.directory}: {use.entries} files, {use.bytes / 1_000_000:.1f} MB")


@cache.command()
def clean() -> None:
    """Empty the cache; the next run computes everything again.

    \b
    Example:
      stackproof cache clean
    """
    store = open_project().state_store()
    use = store.use()
    store.clean()
    click.echo(f"{use.directory}: removed {use.entries} files, {use.bytes / 1_000_000:.1f} MB")
