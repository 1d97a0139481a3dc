"""The lines of an app's Python show no secret, by whatever the text is given to."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.reporters.places import SourceLines
from stackproof.template.loading.source_literals import source_literals
from stackproof.template.location import Location
from tests.fakes import written
from tests.template.loading.test_source_literals import shown

SOURCES = [
    'rds.Instance(self, "Db", master_user_password="hunter2hunter2")',
    "rds.Instance(self, 'Db', master_user_password=b'hunter2hunter2')",
    'environment={"STAGE": "x", "DB_PASS": "hunter2hunter2"}',
    'f(environment={"MYSQL_PWD": [\n    "hunter2hunter2",\n]})',
    'self.db_password = "hunter2hunter2"',
    'config["SecretKey"] = "hunter2hunter2"',
    'PGPASS: str = "hunter2hunter2"',
    'if (token := "hunter2hunter2"): pass',
    'user, password = "admin", "hunter2hunter2"',
    'def connect(user="x", password="hunter2hunter2", *, api_key="hunter2hunter2"): ...',
    'connect = lambda password="hunter2hunter2": None',
    'def password():\n    return "hunter2hunter2"',
    'ok = password == "hunter2hunter2"',
    '{"Name": "DB_PASS", "Value": "hunter2hunter2"}',
    'CfnX.KeyValuePairProperty(name="DB_PASS", value="hunter2hunter2")',
    'CfnX.KeyValuePairProperty(\n    value="hunter2hunter2",\n    name="DB_PASS",\n)',
    'ssm.StringParameter(self, "P", parameter_name="/db/password", string_value="hunter2hunter2")',
    'ssm.StringParameter(self, "DbPassword", string_value="hunter2hunter2")',
    'function.add_environment("DB_PASS", "hunter2hunter2")',
    'pairs = [("DB_PASS", "hunter2hunter2")]',
    'x = os.environ.get("DB_PASS", "hunter2hunter2")',
    'password = os.environ.get("WHICH", "hunter2hunter2")',
    'password = os.environ.get("WHICH") or "hunter2hunter2"',
    'password = "hunter2hunter2" if production else "hunter2hunter2"',
    'x = os.getenv("DB_PASS") or "hunter2"',
    'x = os.environ.get("DB_PASS") or "hunter2"',
    'x = os.environ["DB_PASS"] or b"hunter2"',
    'x = get_password("which") or "hunter2"',
    'def password():\n    if production:\n        return "hunter2"\n    for x in y:\n        yield "hunter2"',
    'async def api_key():\n    with x:\n        return {"a": "hunter2"}',
    'db.set_password("hunter2")',
    'builder.with_password("hunter2").build()',
    'db.set_password(user, value="hunter2")',
    'x = Password("hunter2")',
    'x = get_password("which", "hunter2")',
    'pairs = [("DB_PASS", "hunter2", "hunter2")]',
    'match password:\n    case "hunter2" | "hunter2":\n        pass',
    'match settings:\n    case {"password": "hunter2"}:\n        pass',
    'run(["mysql", "--password", "hunter2"])',
    'run(["docker", "-e", "DB_PASS=hunter2"])',
    'run(("mysql", "--password", "hunter2"))',
    'run("mysql", "--password", "hunter2")',
    'x = SecretValue.unsafe_plain_text("hunter2hunter2")',
    'x = cdk.SecretValue.plain_text("hunter2hunter2")',
    'x = cdk.SecretValue("hunter2hunter2")',
    'for password in ["hunter2hunter2"]:\n    pass',
    'x = [login(token) for token in ("hunter2hunter2",)]',
    'CfnParameter(self, "DbPassword", default="hunter2hunter2")',
    'password = f"hunter2{x}hunter2"',
    'x = f"{os.environ.get("DB_PASS", \'hunter2hunter2\')}"'.replace('"DB_PASS"', "'DB_PASS'"),
    'password = "hunter2" "hunter2"',
    'password = (\n    "hunter2"\n    f"hunter2{x}"  # hunter2\n    \'hunter2\'\n)',
    'password = """\nhunter2hunter2\n  hunter2hunter2"""',
    'x = 1; password = "hunter2hunter2"; y = "ünï"',
    'x = "ünï"; password = "ö" + "hunter2hunter2"',
    'password = "a\\"hunter2hunter2"',
    'password = r"a\\hunter2hunter2"',
    'cdk.CfnParameter(self, "Tok", no_echo=True, default="hunter2hunter2", allowed_values=["hunter2hunter2"])',
    'password = "hunter2hunter2"\nprint("it is hunter2hunter2")  # hunter2hunter2',
    'x = "Server=db;Password=hunter2hunter2"',
    "x = 5  # password: hunter2hunter2",
    'url = "postgres://app:hunter2hunter2@db/x"',
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_line_of_python_shows_no_secret(source: str, tmp_path: Path) -> None:
    assert source_literals(source, "app.py") is not None
    lines = shown(tmp_path, "app.py", source)
    assert not any("hunter2" in line for line in lines), lines
    assert any("***" in line for line in lines)


@pytest.mark.parametrize(
    "source",
    [
        'bucket = s3.Bucket(self, "Data", versioned=True)',
        'password = os.environ["DB_PASS"]',
        'password = os.environ.get("DB_PASS")',
        "password = self.secret.secret_value",
        'password = ""',
        "password = None",
        'secret_arn = "arn:aws:secretsmanager:x"',
        'environment={"DB_PASS": secret.value, "STAGE": "x"}',
        'role.grant_pass_role("x"); compass = "north"; bypass="yes"; http_tokens="required"',
        'x = {**y, 1: "a", "b": "c"}',
        'x = "the password is asked for", "user"',
        "f(*a, **b)",
        'x = get_password("the_name")',
        'x = read_secret("the_name"); y = self.lookup_token("the_name")',
        'x = Secret(self, "Id"); y = Secret.from_secret_name(self, "Id")',
        'x = secret.secret_value_from_json("the_key")',
        'def password():\n    def name():\n        return "the_name"',
        'def password():\n    x = lambda: "the_name"\n    return x',
        'x = os.getenv("STAGE") or "production"',
        'x = os.getenv("DB_PASS") or y == "production"',
        'x = password and "production"',
        'match password:\n    case None:\n        print("words")',
        'x = ["--name", "production", "--token-type", "bearer"]',
        "x = ()",
        "a: int",
    ],
)
def test_other_lines_of_python_stay(source: str, tmp_path: Path) -> None:
    lines = source.split("\n")
    assert shown(tmp_path, "app.py", f"{source}\npassword = 1") == [*lines, "password = ***"]


def test_what_is_left_of_a_line_can_be_read(tmp_path: Path) -> None:
    source = 'f(user="admin", password="hunter2", port=5432, n=[f"{x}"])  # why\npassword = """one\n  two"""'
    assert shown(tmp_path, "app.py", source) == [
        'f(user="admin", password="***", port=5432, n=[f"{x}"])  # why',
        'password = """***',
        '  ***"""',
    ]
    assert shown(tmp_path, "app.py", source, everything=True)[0] == (
        'f(user="***", password="***", port=***, n=[f"***"])  # ***'
    )


@pytest.mark.parametrize(
    "source", ['password = "hunter2hunter2', "x = (\npassword='hunter2hunter2'", "DB_PASS=hunter2\0"]
)
def test_python_that_does_not_parse_is_masked_by_what_its_lines_look_like(source: str, tmp_path: Path) -> None:
    assert source_literals(source, "app.py") is None
    assert not any("hunter2" in line for line in shown(tmp_path, "app.py", source))


def test_code_that_is_nested_deeply_is_no_reason_to_stop(tmp_path: Path) -> None:
    for source in (f"x = {'(' * 5000}1", f"x = {'-' * 100_000}1", f"x = {'[' * 90}1{']' * 90}"):
        shown(tmp_path, "app.py", f"{source}\npassword = 'hunter2'")


def test_other_languages_are_masked_by_what_their_lines_look_like(tmp_path: Path) -> None:
    source = "new Instance(this, 'Db', { masterUserPassword: 'hunter2', DB_PASS: \"hunter2\", X_PASS: `hunter2` });"
    assert source_literals(source, "app.ts") is None
    assert "hunter2" not in shown(tmp_path, "app.ts", source)[0]


def test_what_a_template_holds_is_masked_in_the_code_that_makes_it(tmp_path: Path) -> None:
    source = 'login(self, "admin", "hunter2")'
    written(tmp_path, {"app.py": source, "t.json": '{"A": {"Password": "hunter2hunter2", "LoginPassword": "hunter2"}}'})
    lines = SourceLines(project=tmp_path, templates=tmp_path, read_literals=source_literals)
    masked = 'login(self, "admin", "***")'
    assert lines(Location(file="app.py", line=1, template_file="t.json")) == masked
    assert lines(Location(file="app.py", line=1, template_file="none.json")) == source
    lines = SourceLines(project=tmp_path, read_literals=source_literals, secrets=lambda: {"hunter2"})
    assert lines(Location(file="app.py", line=1, template_file="t.json")) == masked
