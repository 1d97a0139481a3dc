"""Target aws is never changed unless the account is allowed and the run asks for it.

The "account" is an emulator behind the environment variable that boto3 knows: the target takes it for AWS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import TargetError
from stackproof.targets.aws import AwsTarget
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.assembly import FileAsset, Stack
from tests.live_fakes import ACCOUNT, stack

BODY = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}}}


@pytest.fixture
def account(moto: OwnedProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint_url)


def aws(**options: Any) -> AwsTarget:
    return AwsTarget(**{"region": "us-east-1", **options})


@pytest.mark.usefixtures("account")
def test_without_the_flag_a_deployment_is_refused_before_anything_is_sent(target: MotoTarget) -> None:
    where = aws(allowed_accounts=[ACCOUNT])
    with pytest.raises(TargetError, match=r"add --allow-changes .*; pytest: --allow-writes") as caught:
        where.deploy(stack(BODY, name="Refused"))
    assert caught.value.code == "Refused"
    with pytest.raises(TargetError, match="add --allow-changes"):
        where.destroy("Refused")
    with pytest.raises(TargetError, match="there is no stack"):
        target.deployment("Refused")


@pytest.mark.usefixtures("account")
def test_an_account_that_is_not_allowed_is_refused(target: MotoTarget) -> None:
    for accounts, said in (
        ([], "allowed_accounts .* names no account"),
        (["999999999999"], f"account {ACCOUNT} is not in allowed_accounts"),
    ):
        where = aws(allow_changes=True, allowed_accounts=accounts)
        with pytest.raises(TargetError, match=said) as caught:
            where.deploy(stack(BODY, name="Refused"))
        assert caught.value.code == "Refused"
        with pytest.raises(TargetError, match="allowed_accounts"):
            where.destroy("Refused")
    with pytest.raises(TargetError, match="there is no stack"):
        target.deployment("Refused")


@pytest.mark.usefixtures("account")
def test_an_allowed_account_is_changed_when_the_run_asks_for_it() -> None:
    where = aws(allow_changes=True, allowed_accounts=[ACCOUNT])
    assert where.name == "aws"
    made = where.deploy(stack(BODY, name="Allowed"))
    assert (made.account, made.region, made.partition) == (ACCOUNT, "us-east-1", "aws")
    assert made.zones[:2] == ("us-east-1a", "us-east-1b")
    where.destroy("Allowed")
    with pytest.raises(TargetError, match="there is no stack"):
        where.deployment("Allowed")


@pytest.mark.usefixtures("account")
def test_every_call_but_a_read_is_refused_by_the_hook() -> None:
    where = aws(allow_changes=True, allowed_accounts=[ACCOUNT])
    where.client("sns").list_topics()
    with pytest.raises(TargetError, match="sns:CreateTopic is refused") as caught:
        where.client("sns").create_topic(Name="x")
    assert (caught.value.service, caught.value.operation, caught.value.code) == ("sns", "CreateTopic", "ReadOnly")
    where.deploy(stack(BODY, name="Between"))
    with pytest.raises(TargetError, match="is refused"):
        where.client("sns").create_topic(Name="x")
    where.destroy("Between")


@pytest.mark.usefixtures("account")
def test_secrets_are_read_by_a_call_of_their_own_only(target: MotoTarget) -> None:
    with target.writing("a secret to look at"):
        target.client("secretsmanager").create_secret(Name="aws-secret", SecretString="hidden")
    where = aws()
    assert where.client("secretsmanager").describe_secret(SecretId="aws-secret")["Name"] == "aws-secret"
    with pytest.raises(TargetError, match="reads no secret"):
        where.client("secretsmanager").get_secret_value(SecretId="aws-secret")
    assert where.secret_value("aws-secret") == "hidden"


@pytest.mark.usefixtures("account")
def test_a_stack_for_another_account_or_region_does_not_go_here() -> None:
    where = aws(allow_changes=True, allowed_accounts=[ACCOUNT])
    template = stack(BODY).template
    with pytest.raises(TargetError, match="for account 111111111111"):
        where.deploy(Stack(name="Net", template=template, account="111111111111"))
    with pytest.raises(TargetError, match="for region eu-west-1"):
        where.deploy(Stack(name="Net", template=template, account=ACCOUNT, region="eu-west-1"))


@pytest.mark.usefixtures("account")
def test_an_account_that_is_not_bootstrapped_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    asset = FileAsset(path="file", packaging="file", bucket="no-such-bucket", key="k")
    made = stack(BODY, path=str(tmp_path / "Net.template.json"), assets=(asset,))
    with pytest.raises(TargetError, match="cdk bootstrap"):
        aws(allow_changes=True, allowed_accounts=[ACCOUNT]).deploy(made)


@pytest.mark.usefixtures("account")
def test_a_role_is_assumed() -> None:
    where = aws(role_arn=f"arn:aws:iam::{ACCOUNT}:role/auditor")
    arn = where.client("sts").get_caller_identity()["Arn"]
    assert arn.endswith("assumed-role/auditor/stackproof")


def test_without_a_region_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(TargetError, match="give --region"):
        _ = AwsTarget().region


def test_a_profile_that_does_not_exist_is_said() -> None:
    with pytest.raises(TargetError, match="signing in to AWS"):
        aws(profile="nobody").client("sts")


def test_an_emulator_by_its_url_needs_no_permission(moto: OwnedProcess, tmp_path: Path) -> None:
    where = AwsTarget(endpoint_url=moto.endpoint_url)
    assert (where.name, where.region) == ("endpoint", "us-east-1")
    (tmp_path / "file").write_text("x")
    asset = FileAsset(path="file", packaging="file", bucket="made-when-missing", key="k")
    made = stack(BODY, name="Endpoint", path=str(tmp_path / "Net.template.json"), assets=(asset,))
    assert where.deploy(made).status == "CREATE_COMPLETE"
    assert not where.not_emulated("AWS::SNS::Topic", "/TracingConfig")
    with pytest.raises(TargetError, match="is refused"):
        where.client("sns").create_topic(Name="x")
    where.destroy("Endpoint")


class Turns:
    """A pace that never waits and notes who was given a turn."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str, str]] = []

    def wait(self, account: str, region: str, service: str) -> None:
        self.given.append((account, region, service))


@pytest.mark.usefixtures("account")
def test_every_request_to_an_account_waits_for_its_turn() -> None:
    pace = Turns()
    where = aws(pace=pace)
    where.client("elbv2").describe_load_balancers()
    where.client("sns").list_topics()
    assert sorted(pace.given) == [
        ("", "us-east-1", "sts"),
        (ACCOUNT, "us-east-1", "elasticloadbalancing"),
        (ACCOUNT, "us-east-1", "sns"),
    ]
    assert where.client("sns").meta.config.retries["mode"] == "adaptive"
    with pytest.raises(TargetError, match="is refused"):
        where.client("sns").create_topic(Name="x")
    assert len(pace.given) == 3


def test_an_emulator_is_asked_as_fast_as_it_answers(moto: OwnedProcess) -> None:
    pace = Turns()
    aws(endpoint_url=moto.endpoint_url, pace=pace).client("sns").list_topics()
    assert pace.given == []
