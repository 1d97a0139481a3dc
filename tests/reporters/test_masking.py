"""No value of a secret reaches a report, by whichever way it is written."""

from __future__ import annotations

import time

import pytest

from stackproof.policy.finding import Origin
from stackproof.policy.report import CheckReport
from stackproof.reporters.masking import (
    LONGEST_LINE,
    is_about_secrets,
    line_without_literals,
    masked_line,
    masked_report,
)
from stackproof.template.loading.source_literal import Literal
from tests.fakes import finding


@pytest.mark.parametrize(
    "line",
    [
        'password="hunter2"',
        "master_user_password='hunter2',",
        "MasterUserPassword: hunter2",
        '  - DbPassword: "hunter2"',
        '"MasterUserPassword": "hunter2",',
        'SecretValue.unsafe_plain_text("hunter2")',
        "api_key = 'a\\'hunter2'",
        "new Secret(this, 'Id', {value: 'hunter2'})",
        "environment={'DSN': 'Server=db;User=x;Password=hunter2'},",
        "endpoint = 'https://hooks.example.com/x?token=hunter2'",
        'config=\'{"user": "app", "password": "hunter2"}\'',
        "      DSN: Server=db;Password=hunter2",
        "Users: [{Username: admin, Password: hunter2}]",
        "Environment: {Variables: {DB_PASS: hunter2}, Bogus: 1}",
        "{X_PASS: 'hunter2', MYSQL_PWD: hunter2, PGPASS: hunter2 }",
        "run DB_PASS=hunter2 PGPASS='hunter2' x",
        "const x = { masterPassword: `my hunter2` };",
        "dbPass => 'hunter2'",
        "function.addEnvironment('DB_PASS', 'hunter2');",
        "{ value: 'hunter2', name: \"DB_PASS\" },",
        'password = "my hunter2',
        "const x = process.env.DB_PASS || 'hunter2';",
        'const x = process.env.dbPass ?? "hunter2";',
        "const x = settings.pass || 'hunter2';",
    ],
)
def test_a_literal_behind_the_name_of_a_secret_is_masked(line: str) -> None:
    assert "hunter2" not in masked_line(line)
    assert "***" in masked_line(line)


@pytest.mark.parametrize(
    "line",
    [
        'bucket = s3.Bucket(self, "Data")',
        "MasterUserPassword: !Ref Password",
        'password = ""',
        "Port: 5432",
        "HttpTokens: required",
        "x: Compass, Bypass: no",
        'TokenType: "bearer"',
        "they pass 'words' to it",
        "const x = process.env.BYPASS || 'words';",
    ],
)
def test_what_is_no_literal_secret_is_shown(line: str) -> None:
    assert masked_line(line) == line


def test_everything_is_masked_where_a_finding_is_about_secrets() -> None:
    assert masked_line('{"DB": "hunter2"}', everything=True) == '{"***": "***"}'
    assert masked_line("      Default: hunter2", everything=True) == "      Default: ***"
    assert masked_line("- hunter2", everything=True) == "- ***"
    assert masked_line("Default: !Ref X", everything=True) == "Default: !Ref X"
    assert masked_line("self.function = lambda_.Function(", everything=True) == "self.function = lambda_.Function("
    for line in (
        "hunter2hunter2",
        "  my hunter2 more",
        "hunter2==",
        "a: [hunter2, {b: hunter2}]",
        "x = 'hunter2",
        "hunter2=",
    ):
        assert "hunter2" not in masked_line(line, everything=True)
    assert is_about_secrets(finding(logical_id="DatabasePassword"))
    assert is_about_secrets(finding(message="Ensure no hard-coded secrets exist"))
    assert is_about_secrets(finding(property_path="/MasterUserPassword"))
    assert not is_about_secrets(finding())
    assert not is_about_secrets(finding(property_path="/TokenValidityUnits"))


def test_an_access_key_is_masked_anywhere() -> None:
    assert masked_line("x = AKIAABCDEFGHIJKLMNOP") == "x = ***"
    said = masked_report(_report(message="found AKIAABCDEFGHIJKLMNOP")).findings[0]
    assert said.message == "found ***"


def test_a_message_does_not_quote_the_value_of_a_secret_property_but_names_may_stay() -> None:
    said = "'hunter2' of 'MasterUserPassword' in 'Topic' is too short"
    masked = masked_report(_report(message=said, property_path="/MasterUserPassword")).findings[0]
    assert masked.message == "'***' of 'MasterUserPassword' in 'Topic' is too short"
    assert masked.origins == (Origin(engine="fake", rule_id="E1", message=masked.message),)


@pytest.mark.parametrize(
    "value", ["Server=db;Password=my hunter2;User=x", '{"password": "hunter2"}', "https://x/?token=hunter2"]
)
def test_a_message_does_not_quote_a_secret_within_a_text(value: str) -> None:
    masked = masked_report(_report(message=f"'{value}' is too long", property_path="/Value")).findings[0]
    assert "hunter2" not in masked.message
    assert masked.message.endswith("is too long")


def test_other_messages_stay_as_they_are() -> None:
    report = _report(message="'15.3' is withdrawn", property_path="/EngineVersion")
    assert masked_report(report) == report


def _report(**changes: object) -> CheckReport:
    return CheckReport(findings=(finding(**changes),), rules=(), notifications=())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "password",
        "pass:",
        '"a":',
        "://",
        "'",
        '"x" ',
        "value: 'pass",
        "pass=",
        "{[(",
        "DB_PASS: ",
        "# ",
        "!Ref ",
        "= ",
        "`",
        "a:b=",
        " ",
    ],
)
@pytest.mark.parametrize("everything", [False, True])
def test_a_line_that_is_long_takes_no_time_to_speak_of(part: str, *, everything: bool) -> None:
    for size in (4096, 100_000):
        line = part * (size // len(part))
        started = time.perf_counter()
        assert len(masked_line(line, everything=everything)) <= 4 * LONGEST_LINE
        literal = Literal(start=0, end=len(line), is_secret=everything)
        assert line_without_literals(f"{line}x", (literal,), everything=everything) is not None
        assert line_without_literals(f"x = '{line}'", (), everything=everything) is not None
        assert time.perf_counter() - started < 5


def test_a_line_is_cut_where_no_beginning_of_a_secret_is_left() -> None:
    line = f"{'x' * (LONGEST_LINE - 12)} x: hunter2-{'y' * 10}"
    assert masked_line(line) == line[: LONGEST_LINE - 8]
    assert line_without_literals(line, ()) == line[: LONGEST_LINE - 8]
    for is_secret in (True, False):
        literal = Literal(start=LONGEST_LINE - 8, end=LONGEST_LINE + 10, is_secret=is_secret)
        assert line_without_literals(line, (literal,)) == f"{line[: LONGEST_LINE - 8]}***"
    behind = Literal(start=LONGEST_LINE + 2, end=LONGEST_LINE + 6, is_secret=False)
    assert "hunter2-yy" not in line_without_literals(line, (behind,))


def test_backslashes_in_a_text_that_does_not_end_take_no_time_to_speak_of() -> None:
    started = time.perf_counter()
    assert masked_line('"' + "\\" * 4000) is not None
    assert masked_line('password = "C:\\"') == 'password = "***"'
    assert time.perf_counter() - started < 5
