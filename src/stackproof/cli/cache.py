"""`stackproof cache`."""

from __future__ import annotations

from typing import Final

import click

from stackproof.cli.options import open_project
from stackproof.config.state import CacheUse, cache_use, clean_cache

__all__ = ["cache"]

_MEANINGS: Final = {
    "audits.db": "the memory of audits",
    "ephemeral": "notes about ephemeral stacks; `stackproof target clean` removes such stacks",
    "target.json": "the emulator that `stackproof target up` started",
}
"""What is kept beside the caches."""


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
    directory = open_project().settings.state_directory
    click.echo(f"{directory}: {_size(cache_use(directory))}")


@cache.command()
def clean() -> None:
    """Empty the cache; the next run computes everything again.

    The memory of audits and the notes about stacks and emulators are kept.

    \b
    Example:
      stackproof cache clean
    """
    directory = open_project().settings.state_directory
    use = cache_use(directory)
    clean_cache(directory)
    click.echo(f"{directory}: removed {_size(use)}")
    for name in use.others:
        click.echo(f"kept {name}{f': {_MEANINGS[name]}' if name in _MEANINGS else ''}")


def _size(use: CacheUse) -> str:
    return f"{use.files} files, {use.bytes / 1_000_000:.1f} MB"
