"""`stackproof iam-policy` over templates and assemblies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackproof.cli import main
from tests.running import project, stackproof

QUEUE = "Resources:\n  Queue: {Type: AWS::SQS::Queue}\n"
THING = "Resources:\n  Budget: {Type: AWS::Budgets::Budget}\n  Own: {Type: My::Own::Thing::MODULE}\n"


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["iam-policy", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture
def queue(in_tmp_path: Path) -> str:
    (in_tmp_path / "queue.yaml").write_text(QUEUE, encoding="utf-8")
    return "queue.yaml"


def test_it_prints_one_policy_and_the_same_bytes_each_time(queue: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(queue, "--region", "cn-north-1", "--account", "123456789012") == 0
    first = capsys.readouterr()
    policy = json.loads(first.out)
    rows = {action: row["Resource"] for row in policy["Statement"] for action in row["Action"]}
    assert rows["sqs:GetQueueAttributes"] == ["arn:aws-cn:sqs:cn-north-1:123456789012:*"]
    assert rows["cloudformation:DescribeStacks"] == ["arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/*/*"]
    assert (policy["Version"], first.err) == ("2012-10-17", "")
    assert called(queue, "--region", "cn-north-1", "--account", "123456789012") == 0
    assert capsys.readouterr().out == first.out


def test_what_is_left_out_unknown_or_too_large_is_said(in_tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_tmp_path / "thing.yaml").write_text(THING, encoding="utf-8")
    assert called("thing.yaml") == 0
    assert "My::Own::Thing::MODULE: neither a reader nor a schema names its permissions" in capsys.readouterr().err
    (in_tmp_path / "wide.yaml").write_text(
        "Resources:\n"
        + "".join(f"  R{n}: {{Type: {kind}}}\n" for n, kind in enumerate(("AWS::EC2::VPC", "AWS::EKS::Cluster")))
        + "  S: {Type: AWS::SageMaker::Domain}\n  C: {Type: AWS::CodeBuild::Fleet}\n  G: {Type: AWS::Glue::Job}\n"
        + "  F: {Type: AWS::FSx::FileSystem}\n  D: {Type: AWS::DMS::ReplicationConfig}\n  L: {Type: AWS::S3::Bucket}\n",
        encoding="utf-8",
    )
    assert called("wide.yaml", "--for", "deploy", "--max-size", "2000") == 0
    parts = json.loads(capsys.readouterr().out)
    assert len(parts) > 1
    assert all(len(json.dumps(part, separators=(",", ":"))) <= 2000 for part in parts)
    assert called("wide.yaml", "--for", "deploy") == 0
    said = capsys.readouterr().err
    assert "a managed policy takes 6144: --max-size 6144 splits it" in said


def test_the_one_action_that_shows_a_secret_is_named(in_tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_tmp_path / "pool.yaml").write_text(
        "Resources:\n  Client: {Type: AWS::Cognito::UserPoolClient, Properties: {UserPoolId: x}}\n", encoding="utf-8"
    )
    assert called("pool.yaml") == 0
    said = capsys.readouterr()
    assert '"cognito-idp:DescribeUserPoolClient"' in said.out
    assert "cognito-idp:DescribeUserPoolClient also returns a secret; the reader" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--region", "everywhere"), "this is not a region"),
        (("--account", "1"), "an account has twelve digits"),
        (("--for", "nothing"), "prove"),
    ],
)
def test_what_iam_would_not_take_is_2(
    arguments: tuple[str, ...], said: str, queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(queue, *arguments) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_read_is_3(in_tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("missing.yaml") == 3
    (in_tmp_path / "empty").mkdir()
    assert called("empty") == 3
    assert "empty: holds no template" in capsys.readouterr().err


def test_an_action_that_no_part_can_hold_is_2(in_tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_tmp_path / "glue.yaml").write_text("Resources:\n  Base: {Type: AWS::Glue::Database}\n", encoding="utf-8")
    where = ("--region", "us-gov-west-1", "--account", "123456789012")
    assert called("glue.yaml", *where, "--max-size", "256") == 2
    assert "--max-size 256: glue:GetDatabase by itself has more than 256 characters" in capsys.readouterr().err


def test_a_template_is_told_what_its_stack_is_called(queue: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(queue, "--stack", "Prod") == 0
    assert ":stack/Prod/*" in capsys.readouterr().out


@pytest.mark.usefixtures("processes")
def test_of_an_assembly_the_named_stack_alone_is_looked_at(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    made = stackproof(folder, "synth").stdout.splitlines()[-1]
    assert ":stack/Tiny/*" in stackproof(folder, "iam-policy", made, "--stack", "Tiny").stdout
    gone = stackproof(folder, "iam-policy", made, "--stack", "Nothing")
    assert (gone.returncode, "there is no such stack, only Tiny" in gone.stderr) == (2, True)


@pytest.mark.usefixtures("processes")
def test_without_a_path_it_is_about_the_app(tmp_path: Path) -> None:
    done = stackproof(project("tiny", tmp_path), "iam-policy", "--stack", "Tiny")
    assert done.returncode == 0, done.stderr
    assert ":stack/Tiny/*" in done.stdout
    assert "sqs:GetQueueAttributes" in done.stdout
    gone = stackproof(tmp_path / "tiny", "iam-policy", "--stack", "Nothing")
    assert (gone.returncode, "the app has no such stack" in gone.stderr) == (2, True)
