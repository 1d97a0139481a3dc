"""`--format` and `--output`: each output takes the format before it, and a bad one is known before any work."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner

from stackproof.cli.outputs import ReportingCommand, Wanted, output_options, paired, write_wanted
from stackproof.core.errors import ConfigError
from tests.running import stackproof

FAST = "[tool.stackproof.engines]\ncloudformation-validate = {}\n"
OPEN = """Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: open
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}
"""


@click.command(cls=ReportingCommand)
@click.argument("paths", nargs=-1)
@output_options("terminal", "json", "sarif")
def command(paths: tuple[str, ...], wanted: tuple[Wanted, ...]) -> None:
    click.echo(" ".join([*paths, *(f"{output.format}>{output.output}" for output in wanted)]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "terminal>-"),
        ("a --format json b", "a b json>-"),
        ("--output f", "terminal>f"),
        ("--output f.md", "terminal>f.md"),
        ("--format terminal --output f.json", "terminal>f.json"),
        ("--format terminal --format sarif --output s", "terminal>- sarif>s"),
        ("--format=sarif --output=s x --format json --output j", "x sarif>s json>j"),
        ("--format json --output j --format terminal", "json>j terminal>-"),
        ("--format json --output -", "json>-"),
        ("--format json --output /dev/null --format sarif --output /dev/null", "json>/dev/null sarif>/dev/null"),
        ("-- --format", "--format terminal>-"),
    ],
)
def test_each_output_takes_the_format_before_it(arguments: str, said: str) -> None:
    done = CliRunner().invoke(command, arguments.split())
    assert done.output.strip() == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--output f.json", "--output f.json: give --format json before it, or --format terminal for text"),
        ("--output F.SARIF", "--output F.SARIF: give --format sarif before it"),
        ("--format json --format sarif", "only one report can go to standard output, not json, sarif"),
        ("--format json --output - --format sarif", "only one report can go to standard output"),
        ("--output a --format json", "--output a: give the --format before its --output"),
        ("--format json --output a --output b", "--output b: give the --format before its --output"),
        ("--format json --output a --format sarif --output ./a", "two reports would go there"),
    ],
)
def test_what_cannot_be_paired_is_a_configuration_error(arguments: str, said: str) -> None:
    done = CliRunner().invoke(command, arguments.split())
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)


def test_help_and_unknown_formats_are_clicks_own() -> None:
    assert "--format" in CliRunner().invoke(command, ["--help"]).output
    assert CliRunner().invoke(command, ["--format", "html"]).exit_code == 2
    assert paired([]) == (Wanted(),)


def test_standard_output_takes_what_a_locale_cannot_write(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    write_wanted((Wanted(),), lambda _: {"terminal": lambda stream: stream.write("ü\n")})
    write_wanted((Wanted(format="json"),), lambda _: {"json": lambda stream: stream.write("ü\n")})
    sys.stdout.flush()
    assert buffer.getvalue() == b"\\xfc\n\xc3\xbc\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "pyproject.toml").write_text(FAST, encoding="utf-8")
    (shop / "open.yaml").write_text(OPEN, encoding="utf-8")
    return shop


@pytest.mark.usefixtures("processes")
def test_one_run_writes_every_format(folder: Path) -> None:
    files = {"json": "r.json", "sarif": "r.sarif", "junit": "r.xml", "markdown": "r.md", "github": "r.log"}
    pairs = [text for name, file in files.items() for text in ("--format", name, "--output", file)]
    done = stackproof(folder, "check", "open.yaml", *pairs, "--format", "terminal", GITHUB_SHA="")
    assert done.returncode == 1, done.stderr
    assert "open.yaml:" in done.stdout
    assert "     6 | SecurityGroupIngress:\n  in Group\n" in done.stdout
    found = json.loads((folder / "r.json").read_text(encoding="utf-8"))["findings"]
    (sarif,) = json.loads((folder / "r.sarif").read_text(encoding="utf-8"))["runs"]
    assert len(sarif["results"]) == len(found)
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in sarif["results"]}
    assert uris == {"shop/open.yaml"}
    assert int(ET.parse(folder / "r.xml").getroot().attrib["failures"]) > 0  # noqa: S314 - our own
    assert (folder / "r.md").read_text(encoding="utf-8").startswith("<!-- stackproof:check -->\n")
    assert "file=shop/open.yaml" in (folder / "r.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [("--output", "none/r.json"), ("--output", "open.yaml/r.json"), ("--output", ".")]
)
@pytest.mark.parametrize("name", ["check", "gate", "prove"])
def test_an_output_that_cannot_be_written_is_2_before_anything_starts(
    folder: Path, name: str, arguments: tuple[str, ...]
) -> None:
    done = stackproof(folder, name, "--format", "json", *arguments)
    assert done.returncode == 2
    assert arguments[1] in done.stderr
    assert done.stdout == ""
    assert not (folder / ".stackproof").exists()


def test_a_gate_without_a_check_tells_other_programs_that_nothing_was_judged(folder: Path) -> None:
    done = stackproof(folder, "gate", "--static", "--format", "sarif", "--output", "r.sarif")
    (log,) = json.loads((folder / "r.sarif").read_text(encoding="utf-8"))["runs"]
    (invocation,) = log["invocations"]
    assert done.returncode in {2, 3}
    assert invocation["executionSuccessful"] is False
    assert "nothing was evaluated: synth:" in invocation["toolExecutionNotifications"][0]["message"]["text"]
