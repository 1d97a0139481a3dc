"""What a suite run prints and writes shows no secret of the app's templates, whatever the suite asserts."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.plugin.cut_texts import cut_text_without
from stackproof.plugin.masking import mask_report
from tests.fakes import written
from tests.running import project, run, stackproof

SECRET = "hunter2hunter2"
LONG = "correct-horse-battery-staple-" * 12
KEY = "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQ\\nEFAASCBKcwggSjAgEAAoIBAQ\\n-----END PRIVATE KEY-----"
DATABASE = f"""
RESOURCES["Database"] = {{
    "Type": "AWS::RDS::DBInstance",
    "Properties": {{"MasterUserPassword": "{SECRET}", "Tags": [{{"Key": "ApiToken", "Value": "{LONG}"}}]}},
}}
RESOURCES["Function"] = {{
    "Type": "AWS::Lambda::Function",
    "Properties": {{"Environment": {{"Variables": {{"DB_PASS": "{SECRET}", "SIGNING_SECRET": "{KEY}"}}}}}},
}}
"""
SUITE = """
import logging
import unittest
import warnings

import pytest

from stackproof.assertions import Match


@pytest.fixture
def database(stack):
    return stack.resource("AWS::RDS::DBInstance", authored=None)


@pytest.fixture
def password(stack, database):
    return stack.value(database, "/MasterUserPassword")


def test_assertion(template):
    template.has_resource_properties("AWS::RDS::DBInstance", {"MasterUserPassword": Match.absent()})

def test_equal(password):
    assert password == "another"

def test_equal_with_a_message(password):
    assert password == "another", f"the password is {password}"

def test_method(password):
    assert password.startswith("{{resolve:")

def test_part(password):
    assert "hunter" not in password

def test_in_a_body(database):
    assert "MasterUserPassword" not in database.properties

def test_bodies(database):
    assert database.properties == {"MasterUserPassword": "another"}

def test_long(stack, database):
    assert stack.value(database, "/Tags/0/Value") == "another"

def test_lines(stack):
    variables = stack.value(stack.resource("AWS::Lambda::Function", authored=None), "/Environment/Variables")
    assert variables["SIGNING_SECRET"] == "another"

def test_whole(template):
    body = template.to_json()
    assert body["Resources"]["Database"]["Properties"] == {}

def test_raised(password):
    if password:
        raise ValueError(password)

def test_failed(password):
    if password:
        pytest.fail(f"literal password {password}", pytrace=False)

def test_skipped(password):
    if password:
        pytest.skip(f"literal password {password}")
    assert not password

def test_printed(password):
    print(password)
    logging.getLogger("suite").error("the password is %s", password)
    assert not password

def test_recorded(password, record_property):
    record_property("password", password)
    assert not password

def test_warned(password):
    warnings.warn(f"the password is {password}", stacklevel=1)
    assert password

def test_subtests(subtests, password):
    with subtests.test(f"of {password}", password=password):
        print(password)
        assert password == "another"
    assert password == "another"

@pytest.fixture
def checked(password):
    yield
    assert password == "another"

def test_teardown(checked, password):
    assert password

@pytest.fixture
def refused(password):
    assert password == "another"

def test_setup(refused, password):
    assert password

class TestOfUnittest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _password(self, password):
        self.password = password

    def test_equal(self):
        self.assertEqual(self.password, "another")

    def test_subtest(self):
        with self.subTest(password=self.password):
            self.assertEqual(self.password, "another")
"""
PIECES = (
    SECRET,
    "hunter2",
    "correct-horse",
    "battery-staple",
    "MIIEvQIBADANBgkqhkiG9w0BAQ",
    "EFAASCBKcwggSjAgEAAoIBAQ",
)


def _app(folder: Path) -> Path:
    made = project("tiny", folder)
    app = (made / "app.py").read_text(encoding="utf-8")
    (made / "app.py").write_text(app.replace("TEMPLATE = {", f"{DATABASE}\nTEMPLATE = {{"), encoding="utf-8")
    written(made / "suites" / "unit", {"test_it.py": SUITE})
    return made


def _found_in(text: str) -> list[str]:
    """The lines that show a secret or a piece of one, but for those of the suite's own source, which pytest quotes."""
    source = {line.strip() for line in SUITE.splitlines()}
    return [
        line
        for line in text.splitlines()
        if any(piece in line for piece in PIECES) and line.removeprefix(">").strip() not in source
    ]


@pytest.mark.parametrize(
    "options",
    [
        ("-rA", "-p", "no:xdist"),
        ("-rA", "-vv", "-l", "--tb=long", "-n", "2"),
        ("-rA", "-vv", "--full-trace", "-l", "-p", "no:xdist"),
        ("-rA", "--tb=native", "-p", "no:xdist"),
        ("-rA", "--tb=short", "-l", "-p", "no:xdist"),
        ("-rA", "--tb=line", "-p", "no:xdist"),
    ],
)
@pytest.mark.usefixtures("processes")
def test_a_suite_run_shows_no_secret(tmp_path: Path, options: tuple[str, ...]) -> None:
    made = _app(tmp_path)
    done = run(made, "pytest", "suites/unit/test_it.py", "--junitxml=junit.xml", *options)
    output = done.stdout + done.stderr
    assert re.search(r"18 failed, 3 passed, 1 skipped, \d warnings?, 2 errors", output), output
    assert _found_in(output) == []
    assert _found_in((made / "junit.xml").read_text(encoding="utf-8")) == []
    assert "***" in output


@pytest.mark.usefixtures("processes")
def test_a_gate_writes_no_secret(tmp_path: Path) -> None:
    """The log of a suite, JUnit, and what the gate prints of them."""
    made = _app(tmp_path)
    settings = (made / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.stackproof.suites]")[0]
    (made / "pyproject.toml").write_text(
        f'{settings}[tool.stackproof.suites]\nunit = ["suites/unit/test_it.py"]\n', encoding="utf-8"
    )
    done = stackproof(made, "gate")
    assert done.returncode == 1, done.stderr
    assert _found_in(done.stdout + done.stderr) == []
    logs = sorted((made / "reports").iterdir())
    assert {"unit.txt", "unit.xml", "unit.json", "gate.json", "check.json"} <= {log.name for log in logs}
    for log in logs:
        assert _found_in(log.read_text(encoding="utf-8")) == []


def _report(longrepr: object, **more: object) -> pytest.TestReport:
    return pytest.TestReport("id", ("f", 1, "d"), {}, "failed", longrepr, "call", **more)  # type: ignore[arg-type]


def _plain(text: str) -> str:
    return text.replace("plugin", "***")


def test_a_place_stays_where_it_is() -> None:
    """The mask never changes the file of a traceback, even where a folder is called like a secret."""
    word = "plugin"
    with pytest.raises(AssertionError) as caught:
        assert word == "another"
    report = _report(caught.getrepr())
    mask_report(report, _plain, _plain)
    assert report.longrepr.reprcrash.path.endswith("plugin/test_secrets.py")  # type: ignore[union-attr]
    assert "assert '***' == 'another'" in report.longreprtext


def test_a_failure_that_cannot_be_masked_is_not_shown() -> None:
    class Odd:
        __slots__ = ("line",)

        def toterminal(self) -> None:
            """As pytest's failures have it."""

    report = _report(Odd())
    mask_report(report, _plain, _plain)
    assert report.longrepr == "*** (this failure could not be masked: TypeError)"


def test_properties_keep_their_types_unless_they_hold_a_secret() -> None:
    properties = [("plugin", 3), ("a", {"b": ["plugin"]}), ("c", True), ("d", sys.version_info), ("e", Path("plugin"))]
    report = _report(None, user_properties=properties)
    mask_report(report, _plain, _plain)
    assert report.user_properties == [
        ("***", 3),
        ("a", {"b": ["***"]}),
        ("c", True),
        ("d", sys.version_info),
        ("e", "***"),
    ]


OWN_STACK = """
import json
from pathlib import Path

import pytest

from stackproof.config.settings import load_settings
from stackproof.wiring.project import Project
from stackproof.wiring.synth import read_assembly

FOLDER = Path(__file__).parent / "other"


@pytest.fixture(scope="session")
def cdk_stack():
    return read_assembly(Project(settings=load_settings(Path(__file__).parents[2])), FOLDER).stacks[0]


def test_value(template):
    body = template.to_json()["Resources"]["Database"]["Properties"]
    assert body["MasterUserPassword"] == "another"
"""
LOUD = """
import logging
import sys
import warnings
from urllib.parse import urlparse

import pytest


class Odd(UserWarning):
    def __init__(self, password):
        super().__init__()
        self.password = password

    def __str__(self):
        return f"odd {self.password}"


@pytest.fixture
def password(template):
    return template.to_json()["Resources"]["Database"]["Properties"]["MasterUserPassword"]


def test_expected_to_fail(password):
    pytest.xfail(f"because of {password}")

def test_properties(password, record_property, record_testsuite_property):
    record_property("a", {"b": password})
    record_property(password, 1)
    record_testsuite_property("suite", password)
    assert password

def test_warnings(password):
    warnings.warn(Odd(password), stacklevel=1)
    warnings.warn(UserWarning(urlparse("http://x/y")), stacklevel=1)
    warnings.warn(UserWarning(sys.version_info), stacklevel=1)
    assert password

def test_log(password):
    logging.getLogger("suite").error("the password is %s", password)
    assert password

def test_end(password):
    pytest.exit(f"stop {password}")
    assert password
"""


@pytest.mark.usefixtures("processes")
def test_whatever_else_pytest_writes_shows_no_secret(tmp_path: Path) -> None:
    """Reasons, properties of any type, warnings with other words, log files, and the reason of an end."""
    made = _app(tmp_path)
    written(made / "suites" / "unit", {"test_it.py": LOUD})
    options = ("-rA", "--log-file=log.txt", "-o", "log_cli=true", "-o", "junit_family=xunit1", "-p", "no:xdist")
    done = run(made, "pytest", "suites/unit/test_it.py", "--junitxml=junit.xml", *options)
    output = done.stdout + done.stderr
    files = [(made / name).read_text(encoding="utf-8") for name in ("log.txt", "junit.xml")]
    assert "INTERNALERROR" not in output
    assert "Exit: stop ***" in output
    for text in (output, *files):
        assert SECRET not in text
        assert "***" in text


@pytest.mark.usefixtures("processes")
def test_a_stack_that_a_suite_chooses_by_itself_is_masked_too(tmp_path: Path) -> None:
    made = _app(tmp_path)
    template = {
        "Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": SECRET}}}
    }
    manifest = {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.json"}}}}
    written(made / "suites" / "unit", {"test_it.py": OWN_STACK})
    written(made / "suites" / "unit" / "other", {"S.json": json.dumps(template), "manifest.json": json.dumps(manifest)})
    done = run(made, "pytest", "suites/unit/test_it.py", "-vv", "-p", "no:xdist")
    assert "1 failed" in done.stdout, done.stdout
    assert SECRET not in done.stdout


DIFFERENT = "Kx9-abcdefGHIJKL-mnopqrstuv-0123456789-WXYZ-tail-of-it-" * 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("found 'hunt...er2' ok", "found '***...***' ok"),
        ("{'a': 'Kx9-abcdefG...of-it-'} == {'a': 'hunter...er2'}", "{'a': '***...***'} == {'a': '***...***'}"),
        ("+ tail-of-it-Kx9", "+ ***"),
        ("? abcdefGHIJ ...", "? *** ..."),
        ("...Full output truncated", "...Full output truncated"),
        ("synthesizing...", "synthesizing..."),
        ("____________ a test ____________", "____________ a test ____________"),
        ("nothing of it", "nothing of it"),
        ("'correct horse battery staple' and", "'***' and"),
        ("'Tr\\xf6pfchen-\\xd6l...", "'***..."),
    ],
)
def test_a_piece_of_a_secret_is_masked(text: str, shown: str) -> None:
    """As pytest shows values: cut in the middle, and with a little of what is equal around a difference."""
    secrets = ["hunter2hunter2", DIFFERENT, "correct horse battery staple", "Tr\u00f6pfchen-\u00d6l-2024"]
    assert cut_text_without(secrets)(text) == shown


@given(st.text("abcXYZ0189-_", min_size=14, max_size=400), st.integers(3, 200), st.integers(3, 200))
def test_no_cut_leaves_the_ends_of_a_secret(secret: str, head: int, tail: int) -> None:
    cut = f"{secret[:head]}...{secret[-tail:]}"
    shown = cut_text_without([secret])(f"assert '{cut}' == 'x'")
    assert secret[:5] not in shown or secret[:5] in "assert == x"
    assert secret[-5:] not in shown or secret[-5:] in "assert == x"


BROKEN_PLUGIN = """
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        raise RuntimeError(f"broken at {item.funcargs['password']}")
    return report
"""


@pytest.mark.usefixtures("processes")
def test_an_error_of_another_plugin_shows_no_secret(tmp_path: Path) -> None:
    made = _app(tmp_path)
    written(made / "suites" / "unit", {"test_it.py": LOUD, "conftest.py": BROKEN_PLUGIN})
    done = run(made, "pytest", "suites/unit/test_it.py", "-k", "log", "-p", "no:xdist")
    assert "INTERNALERROR" in done.stdout + done.stderr
    assert "broken at ***" in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
