"""Deprecated APIs are read from what jsii prints, and placed where the app uses them."""

from __future__ import annotations

from pathlib import Path

from stackproof.template.assembly import Deprecation
from stackproof.template.location import SourceLine
from stackproof.template.synth.deprecations import located, parse_deprecations
from tests.fakes import written

PRINTED = """\
[WARNING] aws-cdk-lib.aws_lambda.FunctionOptions#logRetention is deprecated.
  use `logGroup` instead
  This API will be removed in the next major release.
something else
  that is indented
[WARNING] aws-cdk-lib.aws_lambda.FunctionOptions#logRetention is deprecated.
  use `logGroup` instead
[WARNING] aws-cdk-lib.aws_ec2.SubnetType#PRIVATE is deprecated.
"""
RETENTION = "aws-cdk-lib.aws_lambda.FunctionOptions#logRetention"


def places(app: Path, *apis: str, lines: frozenset[SourceLine] = frozenset()) -> list[tuple[str | None, int | None]]:
    found = located([Deprecation(api=api, message="") for api in apis], app=app, root=app, construct_lines=lines)
    return [(deprecation.file, deprecation.line) for deprecation in found]


def test_each_api_is_told_once_with_its_advice_and_without_the_threat() -> None:
    assert parse_deprecations(PRINTED) == (
        Deprecation(api="aws-cdk-lib.aws_ec2.SubnetType#PRIVATE", message=""),
        Deprecation(api=RETENTION, message="use `logGroup` instead"),
    )


def test_a_use_in_a_call_that_made_a_construct_is_the_place(tmp_path: Path) -> None:
    app = written(
        tmp_path,
        {
            "app.py": "make(\n    log_retention=1,\n)\nother(log_retention=2)\n",
            "broken.py": "def",
            "env/pyvenv.cfg": "",
            "env/lib.py": "make(log_retention=1)\n",
            "cdk.out/asset.py": "make(log_retention=1)\n",
        },
    )
    assert places(app, RETENTION, lines=frozenset({SourceLine(file="app.py", line=1)})) == [("app.py", 2)]


def test_without_such_a_call_any_use_is_a_place(tmp_path: Path) -> None:
    app = written(tmp_path, {"app.py": "make(log_retention=1, **more)\nstack.log_retention\n"})
    assert places(app, RETENTION) == [("app.py", 1), ("app.py", 2)]


def test_an_api_without_a_use_stays_without_a_place(tmp_path: Path) -> None:
    app = written(tmp_path, {"app.py": "ec2.SubnetType.PRIVATE\n"})
    assert places(app, RETENTION) == [(None, None)]
    assert places(app, "aws-cdk-lib.aws_ec2.SubnetType#PRIVATE") == [("app.py", 1)]
    assert places(app, "aws-cdk-lib.aws_ec2.SubnetType") == [("app.py", 1)]


def test_an_app_outside_the_root_is_named_whole(tmp_path: Path) -> None:
    app = written(tmp_path / "app", {"app.py": "make(log_retention=1)\n"})
    found = located(
        [Deprecation(api=RETENTION, message="")],
        app=app,
        root=tmp_path / "root",
        construct_lines=frozenset(),
    )
    assert [deprecation.file for deprecation in found] == [str(app / "app.py")]
