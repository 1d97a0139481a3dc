"""The ledger of waivers is read strictly: errors name file, line and path."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stackproof.config.policy_file import load_policy_file
from stackproof.config.waivers import load_drift_waivers, load_waivers
from stackproof.core.errors import ConfigError
from stackproof.policy.finding import Waiver
from tests.fakes import written

ROW = """\
  - rule: CKV_AWS_1
    stack: TapStack
    construct_path: TapStack/Topic/Resource
    reason: Nobody reads it but us.
    owner: platform
    expires: 2026-12-31
"""
LEDGER = f"waivers:\n{ROW}"


def loaded(folder: Path, text: str | bytes) -> tuple[Waiver, ...]:
    return load_waivers(written(folder, {"waivers.yaml": text}) / "waivers.yaml")


def test_a_ledger_is_read_in_its_order(tmp_path: Path) -> None:
    second = ROW.replace("CKV_AWS_1", "A1").replace("2026-12-31", "'2027-01-01'")
    first, other = loaded(tmp_path, f"# ours\n{LEDGER}{second}")
    assert first == Waiver(
        rule="CKV_AWS_1",
        stack="TapStack",
        construct_path="TapStack/Topic/Resource",
        reason="Nobody reads it but us.",
        owner="platform",
        expires=date(2026, 12, 31),
        file=str(tmp_path / "waivers.yaml"),
        line=3,
    )
    assert (other.rule, other.expires) == ("A1", date(2027, 1, 1))


def test_a_waiver_may_name_a_control_and_a_ticket(tmp_path: Path) -> None:
    row = ROW.replace("rule: CKV_AWS_1", "control: NET-1").replace("owner", "ticket: OPS-12\n    owner")
    (waiver,) = loaded(tmp_path, f"waivers:\n{row}")
    assert (waiver.rule, waiver.control, waiver.ticket) == (None, "NET-1", "OPS-12")


def test_a_day_in_the_past_is_no_error_and_globs_are_none(tmp_path: Path) -> None:
    text = LEDGER.replace("2026", "2001").replace("stack: TapStack", "stack: TapStack-*").replace("Topic", "**")
    (waiver,) = loaded(tmp_path, text)
    assert (waiver.expires.year, waiver.stack, waiver.construct_path) == (2001, "TapStack-*", "TapStack/**/Resource")


def test_an_empty_list_of_waivers_is_a_ledger(tmp_path: Path) -> None:
    assert loaded(tmp_path, "waivers: []\n") == ()


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + LEDGER.replace("\n", "\r\n").encode()
    assert loaded(tmp_path, text) == loaded(tmp_path, LEDGER)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "waivers.yaml: is empty"),
        ("# nothing\n", "waivers.yaml: is empty"),
        ("[]", "waivers.yaml:1: is a list: give a mapping of keys to values"),
        ("waivers", "waivers.yaml:1: 'waivers' is text: give a mapping of keys to values"),
        ("{}", "waivers.yaml:1: is empty: give at least one key of waivers and drift"),
        ("waivers:\n", "waivers.yaml:1: waivers: is empty: give a list"),
        ("waiver: []\nwaivers: []\n", "waivers.yaml:1: waiver: unknown key: did you mean 'waivers'?"),
        ("waivers: 3", "waivers.yaml:1: waivers: 3 is a number: give a list"),
        ("waivers:\n  - x\n", "waivers.yaml:2: waivers[0]: 'x' is text: give a mapping"),
        (f"{LEDGER}  - rule: A\n", "waivers.yaml:8: waivers[1]: "),
        (
            LEDGER.replace("CKV_AWS_1", "14.10"),
            "waivers.yaml:2: waivers[0].rule: 14.1 is a number: give text, in quotes",
        ),
        (LEDGER.replace("platform", "''"), "waivers.yaml:6: waivers[0].owner: is empty: give at least one character"),
        (LEDGER.replace("platform", "~"), "waivers.yaml:6: waivers[0].owner: is empty: give text"),
        (LEDGER.replace("platform", "yes"), "waivers.yaml:6: waivers[0].owner: true is a switch: give text, in quotes"),
        (
            LEDGER.replace("2026-12-31", "soon"),
            "waivers.yaml:7: waivers[0].expires: 'soon' is not as expected: give a day as YYYY-MM-DD",
        ),
        (LEDGER.replace("2026-12-31", "2026-02-30"), "waivers.yaml:7: waivers[0].expires: '2026-02-30' is not a date"),
        (LEDGER.replace("2026-12-31", "2026-13-01"), "waivers.yaml:7: waivers[0].expires: '2026-13-01' is not a date"),
        (LEDGER.replace("2026-12-31", "2026-12-31 10:00:00"), "waivers.yaml:7: waivers[0].expires: "),
        (LEDGER.replace("    owner", "    rule: B\n    owner"), "waivers.yaml:6: the key 'rule' occurs twice"),
        (f"{LEDGER}{LEDGER}", "waivers.yaml:8: the key 'waivers' occurs twice"),
        (f"{LEDGER}{ROW}", "waivers.yaml:8: waivers[1]: an earlier waiver has the same rule, stack"),
        (
            LEDGER.replace("    stack", "    control: C\n    stack"),
            "waivers.yaml:2: waivers[0]: a waiver names a rule or",
        ),
        (LEDGER.replace("rule: CKV_AWS_1", "ticket: x"), "waivers.yaml:2: waivers[0]: a waiver names a rule or a"),
        (LEDGER.replace("    expires: 2026-12-31\n", ""), "waivers.yaml:2: waivers[0]: 'expires' is missing: add it"),
        (LEDGER.replace("CKV_AWS_1", "'*'"), "waivers.yaml:2: waivers[0].rule: '*' matches everything (SPW004)"),
        (
            LEDGER.replace("TapStack/Topic/Resource", "'**/Resource'"),
            "waivers.yaml:4: waivers[0].construct_path: '**/Res",
        ),
        (LEDGER.replace("stack: TapStack", "stack: '*'"), "waivers.yaml:3: waivers[0].stack: '*' matches everything"),
        (LEDGER.replace("rule: CKV_AWS_1", "control: '?*'"), "waivers.yaml:2: waivers[0].control: '?*' matches"),
        ("waivers: [*w]", "waivers.yaml:1: is not valid YAML: found undefined alias 'w'"),
        ("waivers: [&w a, *w]", "waivers.yaml:1: an alias (*name) does not belong here"),
        ("? [a]\n: b\n", "waivers.yaml:1: a key is not a string"),
        ("<<: {waivers: []}\n", "waivers.yaml:1: a key is not a string"),
        ("a: !Ref b", "waivers.yaml:1: the tag !Ref does not belong here"),
        ("a: !!python/object:os.system b", "waivers.yaml:1: the tag tag:yaml.org,2002:python/object:os.system"),
        ("a: !!int x", "waivers.yaml:1: 'x' is not of type int"),
        ("a: !!int ''", "waivers.yaml:1: '' is not of type int"),
        ("a: !!bool x", "waivers.yaml:1: 'x' is not of type bool"),
        ("a: " + "9" * 5000, "waivers.yaml:1: '9999999999999999999999999999999999999999' is not of type int"),
        ("waivers: [", "waivers.yaml:1: is not valid YAML: "),
        ("waivers:\n\t- a", "waivers.yaml:2: is not valid YAML: "),
        ("a: 1\n---\nb: 1\n", "waivers.yaml:2: is not valid YAML: "),
        ("a: \x07", "waivers.yaml: is not valid YAML: unacceptable character"),
        ("[" * 100_000, "waivers.yaml: is not valid YAML: "),
        ("- " * 100_000, "waivers.yaml: is not valid YAML: "),
        (b"waivers: \xff", "waivers.yaml: is not UTF-8 (offset 9)"),
        (b"#" * 2_000_001, "waivers.yaml: is larger than 2,000,000 bytes"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_is_wrong_is_said_with_file_line_and_path(in_tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(in_tmp_path, text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_ledger_that_cannot_be_read_is_named(in_tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^waivers\.yaml: cannot be read: No such file"):
        load_waivers(Path("waivers.yaml"))
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        load_waivers(in_tmp_path)


def test_a_ledger_elsewhere_is_named_in_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "")
    assert str(caught.value) == f"{tmp_path}/waivers.yaml: is empty"


def test_an_error_names_the_nearest_line_that_is_known(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"waivers.yaml": LEDGER})
    found = load_policy_file(Path("waivers.yaml"), "waivers.schema.json")
    assert str(found.error(("waivers", 0, "stack"), "no")) == "waivers.yaml:3: waivers[0].stack: no"
    assert str(found.error(("waivers", 0, "owners", 3), "no")) == "waivers.yaml:2: waivers[0].owners[3]: no"
    assert str(found.error(("elsewhere",), "no")) == "waivers.yaml:1: elsewhere: no"
    assert str(found.error((), "no")) == "waivers.yaml:1: no"


DRIFT = """\
waivers: []
drift:
  - stack: TapStack
    resource: Topic
    property: /Tags
    reason: Tagged by hand until the move.
    owner: platform
    expires: 2026-12-31
  - resource: https://sqs.us-east-1.amazonaws.com/1/shadow
    resource_type: AWS::SQS::Queue
    reason: Made by a partner.
    owner: platform
    ticket: OPS-1
    expires: 2026-12-31
"""


SAME = """\
  - stack: TapStack
    resource: Topic
    property: /Tags
    reason: Said again.
    owner: platform
    expires: 2026-12-31
"""


def test_drift_waivers_are_a_section_of_their_own(tmp_path: Path) -> None:
    file = written(tmp_path, {"waivers.yaml": DRIFT}) / "waivers.yaml"
    assert load_waivers(file) == ()
    first, second = load_drift_waivers(file)
    assert (first.stack, first.resource, first.path, first.child, first.where) == (
        "TapStack",
        "Topic",
        "/Tags",
        None,
        f"{file}:3",
    )
    assert (second.stack, second.resource_type, second.path) == (None, "AWS::SQS::Queue", None)
    assert (first.resource_type, second.ticket) == (None, "OPS-1")
    assert load_drift_waivers(written(tmp_path, {"waivers.yaml": LEDGER}) / "waivers.yaml") == ()


def test_a_drift_waiver_may_name_account_region_and_type_of_child(tmp_path: Path) -> None:
    row = SAME.replace("property: /Tags", "child: s-1\n    child_type: AWS::SNS::Subscription")
    places = ("", '    account: "111111111111"\n', '    account: "111111111111"\n    region: eu-west-1\n')
    text = "waivers: []\ndrift:\n" + "".join(row + place for place in places)
    found = load_drift_waivers(written(tmp_path, {"waivers.yaml": text}) / "waivers.yaml")
    assert {waiver.child_type for waiver in found} == {"AWS::SNS::Subscription"}
    assert [(waiver.account, waiver.region) for waiver in found] == [
        (None, None),
        ("111111111111", None),
        ("111111111111", "eu-west-1"),
    ]


def test_a_drift_waiver_may_name_the_value_that_it_accepts(tmp_path: Path) -> None:
    rows = ("", "    actual: null\n", "    actual: [{Port: 443, Cidr: 203.0.113.7/32}]\n", "    actual: '443'\n")
    text = "waivers: []\ndrift:\n" + "".join(SAME + row for row in rows)
    found = load_drift_waivers(written(tmp_path, {"waivers.yaml": text}) / "waivers.yaml")
    assert [(waiver.is_exact, waiver.actual) for waiver in found] == [
        (False, None),
        (True, None),
        (True, [{"Port": 443, "Cidr": "203.0.113.7/32"}]),
        (True, "443"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("property: /Tags", "property: /MasterUserPassword\n    actual: hunter-two"),
        ("property: /Tags", "property: /Environment\n    actual: {Variables: {DB_PASSWORD: hunter-two}}"),
        ("property: /Tags", "property: /Url\n    actual: https://me:hunter-two@example.com/"),
        ("property: /Tags", "property: /Environment\n    actual: {Variables: {Mode: '***'}}"),
    ],
)
def test_a_drift_waiver_accepts_no_secret_by_its_value(tmp_path: Path, old: str, new: str) -> None:
    file = written(tmp_path, {"waivers.yaml": DRIFT.replace(old, new, 1)}) / "waivers.yaml"
    with pytest.raises(ConfigError, match=r"waivers\.yaml:6: drift\[0\]\.actual: the value may be a secret") as caught:
        load_drift_waivers(file)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("property: /Tags", "actual: 1", r"drift\[0\]\.actual: a live value is one of a property or a child"),
        ("property: /Tags", "property: Tags", r"waivers\.yaml:5: drift\[0\]\.property"),
        ("resource: Topic", "logical_id: Topic", r"waivers\.yaml:3: drift\[0\]"),
        ("2026-12-31", "2026-13-31", r"drift\[0\]\.expires: '2026-13-31' is not a date"),
        (
            "owner: platform\n    expires",
            "child: s-1\n    owner: platform\n    expires",
            "a property or a child, not both",
        ),
        ("  - resource: https", f"{SAME}  - resource: https", r"drift\[1\]: an earlier drift waiver"),
        ("property: /Tags", "account: 111111111111", r"drift\[0\]\.account"),
        ("property: /Tags", "child_type: AWS::SNS::Subscription", "that names a child_type names a child"),
        (
            "    resource_type: AWS::SQS::Queue\n",
            "",
            r"waivers\.yaml:9: drift\[1\]: .* names its resource_type: .*.*, or name the stack",
        ),
    ],
)
def test_a_drift_waiver_that_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = written(tmp_path, {"waivers.yaml": DRIFT.replace(old, new, 1)}) / "waivers.yaml"
    with pytest.raises(ConfigError, match=said):
        load_drift_waivers(file)
