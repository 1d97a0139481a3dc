"""`check` and `gate` show no secret: in no format, in no source line, and in nothing that they keep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import written
from tests.running import stackproof

SETTINGS = "[tool.stackproof.engines]\ncloudformation-validate = {}\ncfn-lint = {}\n"
FORMATS = ("terminal", "json", "sarif", "junit", "github", "markdown")
LAMBDA = """Resources:
  L:
    Type: AWS::Lambda::Function
    Properties:
      Code: {ZipFile: x}
      Runtime: python3.12
      Handler: i.h
      Role: arn:aws:iam::123456789012:role/x
"""
DATABASE = """Resources:
  D:
    Type: AWS::RDS::DBInstance
    Properties:
"""
TEMPLATES = {
    "mq.yaml": """Resources:
  B:
    Type: AWS::AmazonMQ::Broker
    Properties:
      BrokerName: b
      EngineType: RABBITMQ
      Users: [{Username: admin, Password: q9Zword}]
""",
    "iam.yaml": """Resources:
  U:
    Type: AWS::IAM::User
    Properties:
      LoginProfile: {Password: q9Zwordq9Zword, PasswordResetRequired: yess}
""",
    "flow.yaml": f"{LAMBDA}      Environment: {{Variables: {{DB_PASS: q9Zword, PGPASS: q9Z}}, Bogus: 1}}\n",
    "anchor.yaml": f"X: &x q9Zword\n{LAMBDA}      Y: q9Zword\n      Environment: {{Variables: {{DB_PASS: *x}}}}\n",
    "list.yaml": f"{LAMBDA}      Environment: {{Variables: {{MYSQL_PWD: [q9Zword,\n          {{a: q9Z}}]}}}}\n",
    "block.yaml": f"{DATABASE}      MasterUserPassword:\n      - |\n        q9Z\n        q9Z\n      - >\n        q9Z\n",
    "quoted.yaml": f'{DATABASE}      MasterUserPassword: [\'q9Z\'\'s "word"\', "q9Z\'s \\"word\\" \\u00e9\\n"]\n',
    "join.yaml": f"{DATABASE}      MasterUserPassword: [!Join ['', [q9Zword, !Ref D]], !Sub 'q9Z${{D}}']\n",
    "number.yaml": f"{DATABASE}      MasterUserPassword: 9999123\n      AllocatedStorage: [9999123]\n",
    "pairs.yaml": """Resources:
  C:
    Type: AWS::CodeBuild::Project
    Properties:
      Environment:
        EnvironmentVariables:
        - {Name: DB_PASS, Value: [q9Zword]}
        - Value: {a: q9Zother}
          Name: PGPASS
""",
    "pair.json": json.dumps(
        {
            "Resources": {
                "D": {
                    "Type": "AWS::ECS::TaskDefinition",
                    "Properties": {
                        "ContainerDefinitions": [
                            {"Name": 5, "Image": ["x"], "Environment": [{"Name": "DB_PASS", "Value": ["q9Zword"]}]}
                        ]
                    },
                }
            }
        }
    ),
    "values.yaml": """Parameters:
  Tok: {Type: String, NoEcho: true, AllowedValues: [q9Zone, q9Ztwo], Default: q9Zthree}
  Num: {Type: Number, NoEcho: true, MaxValue: 3, Default: 99991}
  Pin: {Type: String, NoEcho: true, AllowedPattern: "^[A-Z]+$", Default: q9Zx, ConstraintDescription: not q9Zx}
  Lst: {Type: CommaDelimitedList, NoEcho: true, AllowedValues: [q9Zl], Default: 'q9Zm,q9Zn'}
  Long:
    Type: String
    NoEcho: 'true'
    MaxLength: 3
    Default: |
      q9Zfirst
      it's "q9Zsecond"
Resources:
  D:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: !Ref Pin, EngineVersion: !Ref Tok, DBInstanceClass: !Ref Long, AllocatedStorage: !Ref Lst}
  E:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, EngineVersion: !Ref Tok, DBInstanceClass: db.t3.micro}
""",
    "broken.yaml": f"{DATABASE}      MasterUserPassword: *q9Zword\n",
    "tagged.yaml": f"{DATABASE}      MasterUserPassword: !q9Zword x\n",
    "integer.yaml": f"{DATABASE}      MasterUserPassword: !!int q9Zword\n",
}
SECRETS = ("q9Z", "9999123", "99991")


def reported(folder: Path, *arguments: str) -> dict[str, str]:
    """The text of standard output and error, and of each format."""
    outputs = [text for name in FORMATS for text in ("--format", name, "--output", f"out/{name}")]
    done = stackproof(folder, *arguments, *outputs)
    assert done.returncode in {1, 3}, done.stdout + done.stderr
    return {
        "standard output": done.stdout,
        "standard error": done.stderr,
        **{name: (folder / "out" / name).read_text(encoding="utf-8") for name in FORMATS},
    }


def leaks(texts: dict[str, str]) -> list[str]:
    return [
        f"{name}: {line}"
        for name, text in texts.items()
        for line in text.splitlines()
        if any(secret in line for secret in SECRETS)
    ]


def kept(folder: Path) -> dict[str, str]:
    """Every file that is kept of the run."""
    places = [folder / ".stackproof", folder / "reports"]
    files = [file for place in places for file in sorted(place.rglob("*")) if file.is_file()]
    return {str(file.relative_to(folder)): file.read_text(encoding="utf-8", errors="replace") for file in files}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("secrets"), {"pyproject.toml": SETTINGS, "out/x": "", **TEMPLATES})


@pytest.fixture(scope="module")
def first(processes: None, folder: Path) -> dict[str, str]:
    return reported(folder, "check", "-v", *sorted(TEMPLATES))


def test_no_format_shows_a_secret_of_a_template(first: dict[str, str]) -> None:
    assert leaks(first) == []
    for name in TEMPLATES:
        assert name in first["terminal"]


@pytest.mark.parametrize(
    "line",
    [
        "Users: [{Username: ***, Password: ***}]",
        "LoginProfile: {Password: ***, PasswordResetRequired: ***}",
        "Environment: {Variables: {DB_PASS: ***, PGPASS: ***}, Bogus: 1}",
    ],
)
def test_the_lines_can_still_be_read(first: dict[str, str], line: str) -> None:
    assert line in first["terminal"]


def test_what_engines_say_of_no_echo_can_still_be_read(first: dict[str, str]) -> None:
    text = " ".join(first["terminal"].split())
    assert "Parameter 'Tok' Default '***' is not in AllowedValues ['***', '***']" in text
    assert "'***' does not match AllowedPattern '^[A-Z]+$'" in text
    assert "E9006: '***' is not one of ['aurora-mysql'" in text


def test_what_is_kept_holds_no_secret_and_a_second_run_neither(folder: Path, first: dict[str, str]) -> None:
    assert leaks(kept(folder)) == []
    assert kept(folder)
    second = reported(folder, "check", "-v", *sorted(TEMPLATES))
    assert second["terminal"] == first["terminal"]


def test_the_value_of_a_parameter_on_the_command_line_is_not_shown(tmp_path: Path) -> None:
    template = (
        "Parameters: {Tok: {Type: String, NoEcho: true}, DbToken: {Type: String}}\n"
        f"{DATABASE}      Engine: postgres\n      EngineVersion: !Ref Tok\n"
        "  E:\n    Type: AWS::RDS::DBInstance\n    Properties: {Engine: postgres, EngineVersion: !Ref DbToken}\n"
    )
    written(tmp_path, {"pyproject.toml": "[tool.stackproof.engines]\n", "t.yaml": template, "out/x": ""})
    given = ("--parameters", "Tok=q9Zx", "--parameters", "DbToken=q9Zlong")
    said = reported(tmp_path, "check", "-v", "t.yaml", *given)
    assert leaks({**said, **kept(tmp_path)}) == []
    assert said["terminal"].count("'***' is not a version of RDS postgres") == 2


APP = """import json, os
from pathlib import Path

OUT = Path(os.environ["CDK_OUTDIR"])
RESOURCES = {}
def function(name, word, **more):
    properties = {"Code": {"ZipFile": "x"}, "Handler": "i.h", "Role": "x", "Runtime": "python3.13", **more}
    properties["Environment"] = {"Variables": {"DB_PASS": word}}
    RESOURCES[name] = {"Type": "AWS::Lambda::Function", "Properties": properties}
function("A", "q9Zword-1", Bogus=1)
function("B", word="q9Zword-2", Bogus={"DB_PASS": "q9Zword-2"})
function("C", **dict(Bogus=1, word="q9Zword-3")); str("it is q9Zword-3")
OUT.mkdir(parents=True)
FRAMES = {}
for number, (name, body) in enumerate(RESOURCES.items(), 10):
    body["Metadata"] = {"aws:cdk:path": f"S/{name}"}
    FRAMES[f"/S/{name}"] = [{"type": "aws:cdk:creationStack", "data": [f"<module> ({__file__}:{number})"]}]
(OUT / "S.template.json").write_text(json.dumps({"Resources": RESOURCES}))
stack = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region"}
stack |= {"properties": {"templateFile": "S.template.json"}, "metadata": FRAMES}
(OUT / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": {"S": stack}}))
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {"cdk.json": '{"app": "python3 app.py"}', "app.py": APP, "pyproject.toml": SETTINGS, "out/x": ""}
    return written(tmp_path_factory.mktemp("app"), files)


@pytest.mark.parametrize("arguments", [("check", "-v"), ("gate", "--static")])
@pytest.mark.usefixtures("processes")
def test_no_format_shows_a_secret_of_the_code_of_an_app(app: Path, arguments: tuple[str, ...]) -> None:
    said = reported(app, *arguments)
    assert leaks(said) == []
    assert 'function("A", "***", Bogus=1)' in said["terminal"]
    assert 'function("B", word="***", Bogus={"DB_PASS": "***"})' in said["terminal"]
    # The template that an app makes holds what the app puts into it.
    files = {name: text for name, text in kept(app).items() if not name.endswith(".template.json")}
    assert leaks(files) == []


@pytest.mark.usefixtures("processes")
def test_no_format_shows_a_secret_of_the_code_that_made_an_assembly(app: Path) -> None:
    made = stackproof(app, "synth").stdout.splitlines()[-1]
    for _ in range(2):  # the second time the result is remembered, and no template is read
        said = reported(app, "check", "-v", made)
        assert leaks(said) == []
        assert 'function("A", "***", Bogus=1)' in said["terminal"]
