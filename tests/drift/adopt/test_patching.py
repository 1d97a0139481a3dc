"""Patches of small apps: the argument at the recorded line, and an honest no where there is none."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue
from stackproof.drift.adopt.patching import adoption, require, written
from stackproof.drift.adopt.remedy import Adoption
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location


def difference(kind: str, path: str, expected: JsonValue, actual: JsonValue, **more: Any) -> Difference:
    place = Location(stack_name="S", logical_id="R", resource_type=kind, file="app.py", line=more.pop("line", 3))
    return Difference(
        **{
            "account": "1",
            "region": "r",
            "origin": DriftOrigin.DECLARED,
            "location": place,
            "physical_id": "p",
            "status": DriftStatus.MODIFIED,
            "change": Change.NOT_EQUAL,
            "path": path,
            "expected": expected,
            "actual": actual,
            **more,
        }
    )


def patched(folder: Path, source: str, found: Difference) -> Adoption:
    (folder / "app.py").write_bytes(source.encode())
    return adoption(found, root=folder)


CASES = [
    (
        "x = 1\n\nqueue = sqs.Queue(\n    self,\n    visibility_timeout=cdk.Duration.minutes(5),  # long\n)\n",
        ("AWS::SQS::Queue", "/VisibilityTimeout", 300, 600),
        "    visibility_timeout=cdk.Duration.minutes(10),  # long\n",
    ),
    (
        "\n\nlogs.LogGroup(self, 'L', retention=logs.RetentionDays.ONE_WEEK)\n",
        ("AWS::Logs::LogGroup", "/RetentionInDays", 7, 1827),
        "logs.LogGroup(self, 'L', retention=logs.RetentionDays.FIVE_YEARS)\n",
    ),
    (
        "\n\nrds.CfnDBInstance(self, 'D', backup_retention_period=7, multi_az=True)\n",
        ("AWS::RDS::DBInstance", "/BackupRetentionPeriod", 7, 1),
        "rds.CfnDBInstance(self, 'D', backup_retention_period=1, multi_az=True)\n",
    ),
    (
        "\n\nrds.CfnDBInstance(self, 'D', multi_az=True)\n",
        ("AWS::RDS::DBInstance", "/MultiAZ", True, False),
        "rds.CfnDBInstance(self, 'D', multi_az=False)\n",
    ),
    (
        "\n\nCfnBucket(self, versioning_configuration=CfnBucket.VersioningConfigurationProperty(status='Enabled'))\n",
        ("AWS::S3::Bucket", "/VersioningConfiguration/Status", "Enabled", "Suspended"),
        'CfnBucket(self, versioning_configuration=CfnBucket.VersioningConfigurationProperty(status="Suspended"))\n',
    ),
    (
        "\n\nec2.CfnThing(self, 'T', rules=[{'port': 80}, {'port': 443}])\n",
        ("AWS::EC2::Thing", "/Rules/1/Port", 443, 8443),
        "ec2.CfnThing(self, 'T', rules=[{'port': 80}, {'port': 8443}])\n",
    ),
    (
        "\n\ncdk.CfnResource(self, 'T', type='AWS::EC2::Thing', properties={'Size': 1})\n",
        ("AWS::EC2::Thing", "/Size", 1, 2),
        "cdk.CfnResource(self, 'T', type='AWS::EC2::Thing', properties={'Size': 2})\n",
    ),
    (
        "\n\nlambda_.Function(self, 'F', environment={'LEVEL': 'INFO', 'level': 'x'})\n",
        ("AWS::Lambda::Function", "/Environment/Variables/LEVEL", "INFO", "DEBUG"),
        "lambda_.Function(self, 'F', environment={'LEVEL': \"DEBUG\", 'level': 'x'})\n",
    ),
    (
        "\n\nec2.Thing(self, 'T', size=1)\n",
        ("AWS::EC2::Thing", "/Size", 1, 2),
        "ec2.Thing(self, 'T', size=2)\n",
    ),
    (
        "\n\nfn.add_event_source(KinesisEventSource(stream, batch_size=100, retry_attempts=3))\n",
        ("AWS::Lambda::EventSourceMapping", "/BatchSize", 100, 50),
        "fn.add_event_source(KinesisEventSource(stream, batch_size=50, retry_attempts=3))\n",
    ),
    (
        "class Bucket(s3.Bucket):\n    def __init__(self):\n        super().__init__(self, 'B', versioned=True)\n",
        ("AWS::S3::Bucket", "/VersioningConfiguration/Status", "Enabled", "Suspended"),
        "        super().__init__(self, 'B', versioned=False)\n",
    ),
    (
        "\n(\n    metric(x)\n    .create_alarm(self, 'A', threshold=80)\n)\n",
        ("AWS::CloudWatch::Alarm", "/Threshold", 80, 90.5),
        "    .create_alarm(self, 'A', threshold=90.5)\n",
    ),
    (
        "\r\n\r\nsqs.Queue(self, 'Ä', queue_name='a')\r\n",
        ("AWS::SQS::Queue", "/QueueName", "a", "b"),
        "sqs.Queue(self, 'Ä', queue_name=\"b\")\r\n",
    ),
]


@pytest.mark.parametrize(("source", "change", "line"), CASES)
def test_the_literal_is_replaced_and_nothing_else(
    tmp_path: Path, source: str, change: tuple[str, str, JsonValue, JsonValue], line: str
) -> None:
    at = 4 if "create_alarm" in source else 3
    found = difference(*change, line=at)
    shown = patched(tmp_path, source, found)
    assert shown.why_not == ""
    assert f"+{line}" in shown.patch
    assert shown.patch.startswith("--- a/app.py\n+++ b/app.py\n")
    assert (tmp_path / "app.py").read_bytes() == source.encode()  # shown, never applied unasked
    done = written(found, root=tmp_path)
    assert (done.is_written, done.patch) == (True, shown.patch)
    after = (tmp_path / "app.py").read_bytes().decode().splitlines(keepends=True)
    before = source.splitlines(keepends=True)
    assert [name for name in after if name not in before] == [line]
    again = written(found, root=tmp_path)
    assert not again.is_written
    assert "and the deployed value is" in again.why_not


QUEUE = ("AWS::SQS::Queue", "/DelaySeconds", 0, 30)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "\n\nsqs.Queue(self, 'Q')\n",
            "has no argument delivery_delay that can be read here; add delivery_delay=Duration.seconds(30)",
        ),
        ("\n\nsqs.Queue(self, 'Q', **more)\n", "(it takes a mapping with **)"),
        ("\n\nsqs.CfnQueue(self, 'Q')\n", "CfnQueue at app.py:3 has no argument DelaySeconds"),
        ("\n\nx = 1\n", "app.py:3 has no call: the app differs from the audited one"),
        ("\n\nThing(self, 'Q')\n", "app.py:3 calls Thing(…), and how it uses its arguments is unknown"),
        ("\n\na, b = Queue(self, 'A'), Queue(self, 'B')\n", "app.py:3 has 2 calls that may make it"),
        (
            "\n\nProvider(\n    self,\n    sqs.Queue(self, 'Q', delivery_delay=Duration.seconds(0)),\n)\n",
            "app.py:3 calls Provider(…), and how it uses its arguments is unknown",
        ),
        ("\n\nsqs.Queue(self, 'Q'\n", "app.py cannot be parsed"),
        (
            "delay = Duration.seconds(0)\n\nsqs.Queue(self, 'Q', delivery_delay=delay)\n",
            "the value comes from a variable `delay` at app.py:1",
        ),
        (
            "a = b = 1\n\nsqs.Queue(self, 'Q', delivery_delay=Duration.seconds(settings.wait))\n",
            "the value comes from a variable `settings.wait` at settings.py:2",
        ),
        (
            "delay = 1\ndelay = 2\nsqs.Queue(self, 'Q', delivery_delay=delay)\n",
            "the value comes from a variable `delay`",
        ),
    ],
)
def test_where_there_is_no_literal_it_is_said(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "settings.py").write_text("class Settings:\n    wait: int = 0\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def\n", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "settings.py").write_text("wait = 1\n", encoding="utf-8")
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "env" / "settings.py").write_text("wait = 1\n", encoding="utf-8")
    (tmp_path / "lib").mkdir()
    found = patched(tmp_path, source, difference(*QUEUE))
    assert found.patch == ""
    assert said in found.why_not
    assert not written(difference(*QUEUE), root=tmp_path).is_written


@pytest.mark.parametrize(
    "source",
    [
        "# -*- coding: latin-1 -*-\n\nsqs.Queue(self, 'é', queue_name='a')\n".encode("latin-1"),
        "\ufeff\r\n\r\nsqs.Queue(self, 'é', queue_name='a')\r\n".encode(),
    ],
    ids=["latin-1", "byte order mark"],
)
def test_a_file_keeps_its_encoding_its_mode_and_its_place_behind_a_link(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "real.py").write_bytes(source)
    (tmp_path / "real.py").chmod(0o640)
    (tmp_path / "app.py").symlink_to("real.py")
    done = written(difference("AWS::SQS::Queue", "/QueueName", "a", "ü"), root=tmp_path)
    assert (done.is_written, done.why_not) == (True, "")
    after = "ü".encode("latin-1" if b"latin-1" in source else "utf-8")
    assert (tmp_path / "real.py").read_bytes() == source.replace(b"'a'", b'"' + after + b'"')
    assert (tmp_path / "real.py").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "app.py").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.py", "real.py"]


@pytest.mark.parametrize(
    ("source", "actual", "said"),
    [
        (b"# coding: latin-1\n\nsqs.Queue(self, queue_name='a')\n", "\u4e2d", "cannot be written in iso-8859-1"),
        (b"\n\nsqs.Queue(self, queue_name='a')\n", "\ud800", "cannot be written in utf-8"),
        (b"\n\nsqs.Queue(self, queue_name='a')  # \xe9\n", "b", "app.py cannot be parsed"),
        (b"# coding: nonsense\n\nsqs.Queue(self, queue_name='a')\n", "b", "app.py cannot be parsed"),
        (b"# coding: rot13\n\nsqs.Queue(self, queue_name='a')\n", "b", "app.py cannot be parsed"),
        (b"\n\nsqs.Queue(self, queue_name='a')\n\x0cx = 1\n", "b", "would not be written back unchanged"),
        (b"x = 1" + b" + 1" * 900 + b"\n\nsqs.Queue(self, queue_name='a')\n", "b", "app.py is nested too deeply"),
    ],
)
def test_what_cannot_be_read_or_written_as_it_is_gets_no_patch(
    tmp_path: Path, source: bytes, actual: str, said: str
) -> None:
    (tmp_path / "app.py").write_bytes(source)
    done = written(difference("AWS::SQS::Queue", "/QueueName", "a", actual), root=tmp_path)
    assert (done.patch, said in done.why_not) == ("", True), done.why_not
    assert (tmp_path / "app.py").read_bytes() == source


def test_an_argument_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    found = patched(tmp_path, "\n\nsqs.Queue(self, 'Q')\n", difference("AWS::SQS::Queue", "/RedrivePolicy/x", 1, 2))
    assert found.why_not == "the argument of Queue that sets /RedrivePolicy/x is unknown"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"origin": DriftOrigin.CHILD, "child_type": "AWS::IAM::Policy"}, "declare it (AWS::IAM::Policy)"),
        ({"origin": DriftOrigin.UNMANAGED}, "cdk import"),
        ({"origin": DriftOrigin.DELETED}, "remove it from the app"),
        ({"is_secret": True}, "may be a secret"),
        ({"actual": None}, "no longer set"),
        ({"location": Location(file="template.yaml", line=3)}, "its line in a Python app is unknown"),
        ({"location": Location(file="gone.py", line=3)}, "there is no gone.py in this project"),
        ({"location": Location(file="../app.py", line=3)}, "there is no ../app.py in this project"),
    ],
)
def test_what_no_patch_can_adopt_is_told_what_else_to_do(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "app.py").touch()
    found = patched(folder, "\n\nsqs.Queue(self)\n", replace(difference(*QUEUE), **more))
    assert (found.patch, said in found.why_not) == ("", True), found.why_not


def test_a_line_that_makes_several_resources_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("\n\nsqs.Queue(self, delivery_delay=Duration.seconds(0))\n", encoding="utf-8")
    beside = (Location(stack_name="Prod", logical_id="Q"),)
    found = adoption(difference(*QUEUE), root=tmp_path, beside=beside)
    assert found.why_not == "the line makes 2 resources of this type; a patch would change Prod/Q as well"


def test_without_an_app_it_is_not_known_what_else_the_line_makes(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("\n\nsqs.Queue(self, delivery_delay=Duration.seconds(0))\n", encoding="utf-8")
    found = adoption(difference(*QUEUE), root=tmp_path, beside=None)
    assert (found.patch, found.why_not) == ("", "no app is configured, so the other resources of the line are unknown")


def test_without_libcst_the_command_to_type_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    require()
    monkeypatch.setitem(sys.modules, "libcst", None)
    with pytest.raises(ConfigError, match=r"pip install 'stackproof\[drift\]'"):
        require()
