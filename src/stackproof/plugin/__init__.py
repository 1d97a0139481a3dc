"""The pytest plugin: its options, and whether this project uses it. All else is imported only then."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

_UNSET: Final[Mapping[str, object]] = {
    "target": None,
    "endpoint_url": None,
    "profile": None,
    "aws_region": None,
    "stack": None,
    "cdk_context": [],
    "allow_writes": False,
    "flow_ca_bundle": None,
    "settle": 0.0,
    "keep": False,
    "no_minimum_proof": False,
    "stackproof_report": None,
}
"""What each option has if the command line does not give it."""


class _Joined(argparse.Action):
    """An option that may be repeated, and is one text with commas."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's own signature
        option_string: str | None = None,  # noqa: ARG002 - argparse's own signature
    ) -> None:
        from stackproof.config.settings import parse_targets
        from stackproof.core.errors import ConfigError

        joined = ",".join(filter(None, (getattr(namespace, self.dest, None), str(values))))
        try:
            parse_targets(joined)
        except ConfigError as error:
            parser.error(str(error))
        setattr(namespace, self.dest, joined)


class _Once(argparse.Action):
    """An option that is given once: of two stacks argparse would take the second one in silence."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's own signature
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest, None) not in {None, values}:
            parser.error(f"{option_string} takes one stack: run pytest once for each, or without it for all")
        setattr(namespace, self.dest, values)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stackproof", "stackproof: prove a CDK or CloudFormation stack")
    group.addoption(
        "--target",
        action=_Joined,
        metavar="NAME",
        help="A target: moto, ministack or aws. Repeat it, or use commas, to merge the proofs of several emulators. "
        "Default: the project's targets.",
    )
    group.addoption("--endpoint-url", metavar="URL", help="The URL of an AWS-compatible endpoint that already runs.")
    group.addoption("--profile", metavar="NAME", help="The AWS profile to read with.")
    group.addoption("--aws-region", metavar="REGION", help="The AWS region to read in.")
    group.addoption(
        "--stack",
        action=_Once,
        metavar="NAME",
        help="The stack under test: its name, construct path or NAME@REGION. With --target aws, it is the deployed "
        "stack to attach to.",
    )
    group.addoption(
        "--cdk-context", action="append", default=[], metavar="KEY=VALUE", help="A value of CDK's context; repeatable."
    )
    group.addoption(
        "--allow-writes",
        action="store_true",
        help="Let flows of data and written probes write to an account of allowed_accounts.",
    )
    group.addoption(
        "--flow-ca-bundle",
        metavar="FILE",
        help="The certificate authorities of the flow's database, in an account.",
    )
    group.addoption(
        "--settle",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="Seconds that a property may take to appear after this run deployed it. Default: 0.",
    )
    group.addoption("--keep", action="store_true", help="Leave the emulator running and print how to reach it.")
    group.addoption(
        "--no-minimum-proof",
        action="store_true",
        help="Accept that minimum_proof cannot be evaluated, because the run leaves tests out.",
    )
    group.addoption(
        "--stackproof-report", metavar="FILE", help="Write the run's facts and proofs to this file, as JSON."
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the hooks in a project that uses stackproof; pytest calls their own `pytest_configure` at once."""
    if _is_project(config.rootpath) or any(config.getoption(name) != unset for name, unset in _UNSET.items()):
        from stackproof.plugin import hooks

        config.pluginmanager.register(hooks, "stackproof-hooks")


def _is_project(root: Path) -> bool:
    """Whether the tests are in a project that stackproof proves, however deep: `find_root` of the settings agrees."""
    return any(
        (folder / "cdk.json").is_file() or _has_table(folder / "pyproject.toml") for folder in (root, *root.parents)
    )


def _has_table(file: Path) -> bool:
    """Whether the file has `[tool.stackproof]`; TOML is parsed only in a file that has the name."""
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True  # reading the settings reports what is wrong with the file
    if "stackproof" not in text:
        return False
    import tomllib

    try:
        tools = tomllib.loads(text).get("tool")
    except (tomllib.TOMLDecodeError, RecursionError):
        return True  # as above
    return isinstance(tools, dict) and "stackproof" in tools
