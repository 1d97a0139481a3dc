"""`stackproof tools`."""

from __future__ import annotations

import click

__all__ = ["tools"]


@click.group(short_help="Manage engines with a separate environment (Checkov).")
def tools() -> None:
    """Manage engines that need a separate environment (Checkov)."""


@tools.command(short_help="Install Checkov, once for each version.")
def install() -> None:
    """Install Checkov, once for each version; this needs a package index.

    Checkov pins an old SDK that conflicts with the other engines. Therefore it gets
    a separate virtual environment, outside the project. Only this command installs
    it; a check never does.

    \b
    Example:
      stackproof tools install
    """
    from stackproof.policy.engines.tools import install as install_tools

    click.echo(install_tools(report=lambda line: click.echo(line, err=True)))
