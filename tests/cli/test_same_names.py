"""Two stacks of one name in two regions: no command takes one of them for the other, or for both."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackproof.cli import main
from stackproof.config.settings import load_settings
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import StackKey
from stackproof.drift.memory.sql_store import SqlAuditStore
from stackproof.drift.report import DriftReport
from stackproof.proof.observation import Change, DriftStatus
from stackproof.targets.emulators.moto import start_moto
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.location import Location
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from tests.memory_fakes import KEEP, difference, night, record
from tests.memory_fakes import run as run_of
from tests.running import project

BOTH = "shop-a (aws://111111111111/eu-west-1) and shop-b (aws://111111111111/us-west-2)"
NO_DATABASES = ("-c", "databases=no")

Called = Callable[..., tuple[int, str, str]]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = project("same_name", tmp_path)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def called(app: Path, capsys: pytest.CaptureFixture[str]) -> Called:
    """Runs a command in this process; gives its exit code, and what it printed."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([*arguments])
        assert isinstance(caught.value.code, int)
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ("prove", "choose one with --stack shop-a"),
        ("prove --target moto,ministack", "choose one with --stack shop-a"),
        ("prove --ephemeral", "choose one with --stack shop-a"),
        ("prove --target aws", "choose one with --stack shop-a"),
        ("prove -c nested=yes", "choose one with --stack shop-a"),
        ("deploy", "choose one with --stack shop-a"),
        ("deploy --ephemeral", "choose one with --stack shop-a"),
        ("deploy --endpoint-url http://127.0.0.1:9", "choose one with --stack shop-a"),
        ("prove --stack shop", "choose one with --stack shop-a"),
        ("deploy --stack shop", "choose one with --stack shop-a"),
        ("prove --stack shop-a -c needs=yes", "choose one with --stack shop-b"),
        ("drift audit --target moto", "choose one with --stack shop-a"),
        ("drift audit --target moto --stack shop", "choose one with --stack shop-a"),
        ("drift audit --target aws", "choose one with --stack shop --region eu-west-1"),
        ("drift audit --endpoint-url http://127.0.0.1:9", "choose one with --stack shop --region eu-west-1"),
    ],
)
@pytest.mark.usefixtures("processes")
def test_what_cannot_tell_them_apart_is_2_before_anything_starts(command: str, remedy: str, called: Called) -> None:
    code, out, err = called(*command.split())
    assert (code, out) == (2, "")
    [line] = [printed for printed in err.splitlines() if printed.startswith("stackproof: error: ")]
    assert f"two stacks are named shop: {BOTH}" in line
    assert line.endswith(remedy)
    assert "starting" not in err


@pytest.mark.usefixtures("processes")
def test_a_nested_stack_of_both_goes_with_either(called: Called) -> None:
    code, _, err = called("prove", "-c", "nested=yes", "--stack", "shop/Inner")
    assert code == 2
    said = "--stack shop/Inner: a nested stack goes with its parent: --stack shop-a or --stack shop-b"
    assert err.splitlines()[-1] == f"stackproof: error: {said}"


@pytest.mark.parametrize("stack", ["shop-a", "shop-b", "shop@us-west-2"])
def test_one_of_them_is_deployed_and_proven_alone(stack: str, called: Called, moto: OwnedProcess) -> None:
    where = ("--target", "moto", "--endpoint-url", moto.endpoint_url)
    code, out, err = called("prove", "--stack", stack, *NO_DATABASES, *where, "--format", "json")
    assert code == 0, err
    assert json.loads(out)["coverage"]["resources"] == {"total": 1, "proven": 1, "custom": 0}


def test_a_stack_that_needs_the_other_is_not_needed_by_it(called: Called, moto: OwnedProcess) -> None:
    where = ("--target", "moto", "--endpoint-url", moto.endpoint_url)
    code, out, err = called("prove", "--stack", "shop-b", "-c", "needs=yes", *NO_DATABASES, *where)
    assert code == 0, err
    assert "1 of 1 resources" in out


def test_an_app_with_a_name_for_each_is_proven_as_a_whole(called: Called, moto: OwnedProcess) -> None:
    where = ("--target", "moto", "--endpoint-url", moto.endpoint_url)
    code, out, err = called("prove", "-c", "name=other", *NO_DATABASES, *where)
    assert code == 0, err
    assert "2 of 2 resources" in out


# -- where taking both is right


@pytest.mark.usefixtures("processes")
def test_a_policy_for_the_name_is_for_both(called: Called) -> None:
    code, out, _ = called("iam-policy", "--stack", "shop", *NO_DATABASES)
    assert code == 0
    assert "sqs:eu-west-1:111111111111" in out
    assert "sqs:us-west-2:111111111111" in out
    code, out, _ = called("iam-policy", "--stack", "shop-b", *NO_DATABASES)
    assert code == 0
    assert "eu-west-1" not in out


@pytest.mark.usefixtures("processes")
def test_a_policy_for_a_name_of_two_assemblies_is_for_both(app: Path, called: Called) -> None:
    directory = synthesize(Project(settings=load_settings(app)), {"databases": "no"}).directory
    _, both, _ = called("iam-policy", directory, "--stack", "shop")
    _, one, _ = called("iam-policy", directory, "--stack", "shop-a")
    assert "us-west-2" in both
    assert "us-west-2" not in one


@pytest.mark.usefixtures("processes")
def test_a_list_of_stacks_names_each_of_them(called: Called) -> None:
    code, _, err = called("synth", *NO_DATABASES)
    assert code == 0
    assert "shop-a: 1 resources" in err
    assert "shop-b: 1 resources" in err


# -- check


@pytest.mark.usefixtures("processes")
def test_what_runs_is_told_of_one_of_them(app: Path, called: Called) -> None:
    template = Path(synthesize(Project(settings=load_settings(app)), {}).stacks[0].template.path)
    code, _, err = called("check", "--deployed", f"shop={template}")
    assert code == 2
    assert f"--deployed shop: two stacks are named shop: {BOTH}: give --deployed shop-a=FILE" in err


# -- drift


@pytest.mark.parametrize("against", ["template", "assembly"])
def test_an_audit_compares_with_the_stack_of_its_region(against: str, called: Called, moto: OwnedProcess) -> None:
    for stack, region in (("shop-a", "eu-west-1"), ("shop-b", "us-west-2")):
        where = ("--endpoint-url", moto.endpoint_url, "--region", region, *NO_DATABASES)
        code, _, err = called("deploy", "--stack", stack, *where)
        assert code == 0, err
        for asked in ("shop", stack):
            code, out, err = called("drift", "audit", "--stack", asked, "--against", against, "--no-store", *where)
            assert code == 0, out + err


def test_an_audit_where_none_of_them_runs_is_2(called: Called, moto: OwnedProcess) -> None:
    where = ("--endpoint-url", moto.endpoint_url, "--region", "eu-north-1", *NO_DATABASES)
    code, _, err = called("drift", "audit", "--stack", "shop", "--against", "assembly", "--no-store", *where)
    assert code == 2
    assert f"--stack shop: two stacks are named shop: {BOTH}, and none of those that are meant can run in " in err


@pytest.mark.usefixtures("processes")
def test_an_audit_on_an_emulator_of_its_own_is_of_the_one_that_is_chosen(called: Called) -> None:
    code, out, err = called("drift", "audit", "--target", "moto", "--stack", "shop-a", "--no-store", *NO_DATABASES)
    assert code == 0, out + err
    assert "1 of 1" in out


def drifted(app: Path, region: str) -> Difference:
    """The audit of one region said that the queue has another timeout."""
    stacks = synthesize(Project(settings=load_settings(app)), {"databases": "no"}).stacks
    places = [
        resource.location() for stack in stacks for resource in stack.template.resources if stack.region == region
    ]
    found = Difference(
        account="111111111111",
        region=region,
        origin=DriftOrigin.DECLARED,
        location=places[0] if places else Location(stack_name="shop", logical_id="Orders"),
        physical_id="q",
        status=DriftStatus.MODIFIED,
        change=Change.NOT_EQUAL,
        path="/VisibilityTimeout",
        expected=30,
        actual=31,
    )
    report = DriftReport(target="aws", audits=(), differences=(found,))
    (app / "drift.json").write_text(json.dumps(report.to_dict()), encoding="utf-8")
    return found


@pytest.mark.parametrize(
    ("region", "own", "other"), [("eu-west-1", "shop-a", "shop-b"), ("us-west-2", "shop-b", "shop-a")]
)
@pytest.mark.usefixtures("processes")
def test_what_puts_a_difference_back_is_of_its_region(
    region: str, own: str, other: str, app: Path, called: Called
) -> None:
    drifted(app, region)
    _, out, err = called("drift", "adopt", "drift.json", *NO_DATABASES, "--format", "json")
    assert err == "" or "error" not in err
    [remedy] = json.loads(out)["remedies"]
    assert remedy["put_back"][0] == f"cdk deploy {own} --revert-drift"
    assert f"a patch would change {other}/Orders as well" in remedy["adopt"]["why_not"]


@pytest.mark.usefixtures("processes")
def test_a_difference_of_which_nobody_knows_the_stack_is_2(app: Path, called: Called) -> None:
    found = drifted(app, "eu-north-1")
    code, out, err = called("drift", "adopt", "drift.json", *NO_DATABASES)
    assert (code, out) == (2, "")
    assert f"two stacks are named shop: {BOTH}, and the difference {found.fingerprint[:8]} is of " in err


def test_one_of_them_is_forgotten_where_it_is_gone(app: Path, called: Called) -> None:
    store = SqlAuditStore(f"sqlite:///{app / 'audits.db'}")
    places = [
        StackKey(account="111111111111", region=region, stack_name="shop") for region in ("eu-west-1", "us-west-2")
    ]
    begun = store.begin(run_of(0))
    records = [record(difference("Orders", stack_name="shop"), stack_key=place) for place in places]
    store.record(begun, records, ended_at=night(1), keep=KEEP)
    url = ("--store", f"sqlite:///{app / 'audits.db'}")

    code, out, err = called("drift", "forget", "--stack", "shop", *url)
    assert (code, out) == (2, "")
    said = "account 111111111111, region eu-west-1 and account 111111111111, region us-west-2"
    assert f"--stack shop: 2 stacks of that name were audited: {said}: give the --account or --region" in err
    assert len(store.records(1)) == 2
    assert called("drift", "forget", "--stack", "shop", "--region", "eu-west-1", *url)[:2] == (
        0,
        "forgot shop: 1 audits of it\n",
    )
    assert [record.stack_key.region for record in store.records(1)] == ["us-west-2"]


# -- a baseline


@pytest.mark.usefixtures("processes")
def test_a_baseline_of_one_hides_nothing_of_two(app: Path, called: Called) -> None:
    """Both have the finding; the baseline was written when the name was that of one of them."""
    findings = findings_of(called, "--write-baseline", "old.json", "-c", "name=other")
    assert {finding["suppression"]["kind"] for finding in findings if fails(finding)} == {"baseline"}
    findings = findings_of(called, "--baseline", "old.json")
    assert "EV012" in {finding["rule_id"] for finding in findings if fails(finding) and finding["suppression"] is None}
    findings_of(called, "--write-baseline", "new.json")
    entries = json.loads((app / "new.json").read_text(encoding="utf-8"))["entries"]
    assert {(ledger_entry["stack"], ledger_entry["file"]) for ledger_entry in entries} <= {
        ("shop", "cdk.out/shop-a.template.json"),
        ("shop", "cdk.out/shop-b.template.json"),
    }
    findings = findings_of(called, "--baseline", "new.json")
    assert {finding["suppression"]["kind"] for finding in findings if fails(finding)} == {"baseline"}


def findings_of(called: Called, *arguments: str) -> list[dict[str, Any]]:
    _, out, _ = called("check", *arguments, "--format", "json")
    found: list[dict[str, Any]] = json.loads(out)["findings"]
    return found


def fails(finding: dict[str, Any]) -> bool:
    return bool(finding["kind"] == "fail" and finding["level"] in {"error", "warning"} and not finding["generated"])


@pytest.mark.parametrize("command", ["prove", "deploy", "iam-policy"])
def test_two_stacks_are_never_taken_for_the_last_of_them(called: Called, command: str) -> None:
    code, _, errors = called(command, "--stack", "shop-a", "--stack", "shop-b")
    assert (code, "--stack takes one stack, not 2: run the command once for each" in errors) == (2, True)


@pytest.mark.usefixtures("processes")
def test_a_nested_stack_is_named_as_the_ids_of_tests_name_it(called: Called) -> None:
    code, _, errors = called("prove", "-c", "nested=yes", "--stack", "shop-a/Inner")
    assert (code, "a nested stack goes with its parent: --stack shop-a" in errors) == (2, True)
