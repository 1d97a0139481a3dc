"""`stackproof tools`."""

from __future__ import annotations

import click

__all__ = ["tools"]


@click.group()
def tools() -> None:
    """Manage engines that need an environment of their own (Checkov)."""


@tools.command()
def install() -> None:
    """Make Checkov's environment, once for each version; needs a package index.

    Checkov pins an old SDK that does not fit beside the rest, so it gets a
    virtual environment of its own, outside the project. Nothing else installs
    it: a check never does so by itself.

    \b
    Example:
      stackproof tools install
    """
    from stackproof.policy.engines.tools import install as install_tools

    click.echo(install_tools(report=lambda line: click.echo(line, err=True)))
