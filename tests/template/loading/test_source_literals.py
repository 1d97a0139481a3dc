"""The values of a file that may be secrets are found where they are written, whatever the style."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stackproof.reporters.places import SourceLines
from stackproof.template.loading.source_literals import source_literals
from stackproof.template.location import Location
from tests.fakes import written

SECRET = "hunter2hunter2"


def shown(folder: Path, name: str, text: str, *, everything: bool = False) -> list[str]:
    """Every line of the file as a report shows it."""
    written(folder, {name: text})
    lines = SourceLines(project=folder, templates=folder, read_literals=source_literals)
    template = None if name.endswith(".py") else name
    count = len(text.split("\n"))
    return [
        str(lines(Location(file=name, line=number, template_file=template), everything=everything))
        for number in range(1, count + 1)
    ]


TEMPLATES = {
    "flow.yaml": "A: [{Username: admin, Password: hunter2hunter2}]",
    "nested flow.yaml": "Environment: {Variables: {DB_PASS: hunter2hunter2}, Bogus: 1}",
    "flow over lines.yaml": "A: {User: admin,\n  Password:\n    hunter2hunter2\n  , B: 1}",
    "block.yaml": "MasterUserPassword: hunter2hunter2",
    "quoted.yaml": "PGPASS: 'hunter2hunter2'\nMYSQL_PWD: \"hunter2hunter2\"",
    "literal.yaml": "Password: |\n  hunter2hunter2\n\n    hunter2hunter2 more\nOther: x",
    "folded.yaml": "Password: >-\n  hunter2hunter2\n  hunter2hunter2",
    "literal with comment.yaml": "Password: |- # as it is\n  # hunter2hunter2\n",
    "plain over lines.yaml": "Password: begins\n  hunter2hunter2\n  ends\nB: x",
    "double over lines.yaml": 'Password: "begins\n  hunter2hunter2 \\\n  hunter2hunter2"',
    "single over lines.yaml": "Password: 'begins\n\n  hunter2hunter2'",
    "anchor.yaml": "Shared: &shared hunter2hunter2\nPassword: *shared",
    "anchored mapping.yaml": "Shared: &shared {A: hunter2hunter2}\nSecrets: *shared",
    "merged.yaml": "Shared: &shared {DbPass: hunter2hunter2}\nA: {<<: *shared}",
    "tagged.yaml": "Password: !!str hunter2hunter2\nB: &b !Sub 'x'\nPass: !Sub &c '${A}hunter2hunter2'",
    "join.yaml": "Password: !Join ['', [hunter2hunter2, !Ref A]]",
    "join block.yaml": "Password:\n  Fn::Join:\n    - ''\n    - - !Ref A\n      - hunter2hunter2",
    "sub.yaml": "Password: !Sub\n  - ${A}${B}\n  - A: hunter2hunter2",
    "if.yaml": "Password: !If [IsProd, hunter2hunter2, !Ref B]",
    "named below a function.yaml": "A: !If [IsProd, {Password: hunter2hunter2}, !Ref B]",
    "list.yaml": "AuthTokens:\n- hunter2hunter2\n- [hunter2hunter2]",
    "pair.yaml": "A:\n- Name: DB_PASS\n  Value: hunter2hunter2\n- {Value: hunter2hunter2, Key: Token}",
    "parameter pair.yaml": "A: [{ParameterValue: hunter2hunter2, ParameterKey: DbPassword}]",
    "option.yaml": "A: [{Namespace: x, OptionName: DBPassword, Value: hunter2hunter2}]",
    "no echo.yaml": "Parameters: {Tok: {NoEcho: true, AllowedValues: [a, hunter2hunter2], Default: hunter2hunter2}}",
    "no echo block.yaml": "Parameters:\n  T:\n    NoEcho: 'true'\n    AllowedValues:\n    - hunter2hunter2\n",
    "no echo text.yaml": "Parameters:\n  T:\n    NoEcho: yes\n    Default: hunter2hunter2\n    About: hunter2hunter2",
    "named parameter.yaml": "Parameters: {DbPassword: {Type: String, Default: hunter2hunter2}}",
    "named output.yaml": "Outputs: {DbPassword: {Value: hunter2hunter2}}",
    "named resource.yaml": "Resources: {DbPassword: {Type: AWS::SSM::Parameter, Properties: {Value: hunter2hunter2}}}",
    "private key.yaml": "A: |\n  -----BEGIN RSA PRIVATE KEY-----\n  hunter2hunter2\n  -----END RSA PRIVATE KEY-----",
    "by value.yaml": "Password: hunter2hunter2\nBogus: x-hunter2hunter2\n# it was hunter2hunter2",
    "command.yaml": "Password: x\nA: [run --password hunter2hunter2, 'DB_PASS=hunter2hunter2']\n",
    "script.yaml": "A: !Sub |\n  export MYSQL_PWD=hunter2hunter2\n  mysql --password hunter2hunter2",
    "escapes.yaml": 'Password: "hunter2\\x68unter2"\nA: hunter2hunter2',
    "key with escapes.yaml": '"Pass\\x77ord": hunter2hunter2',
    "unicode.yaml": "ünï: {é: ö, Password: hunter2hunter2}",
    "document.yaml": 'A: |\n  {"password":\n    "hunter2hunter2",\n   "tokens": [\n    "hunter2hunter2"]}',
    "pairs in a document.yaml": 'A: |\n  [\n   {"name": "TOKEN",\n    "value": "hunter2"}, {"name":"x"}]\nB: x',
    "pair in a quoted document.yaml": 'A: \'[{"name": "it\'\'s a TOKEN",\n\n  "value":\n\n  "hunter2"}]\'',
    "pair in a folded document.yaml": 'A: >-\n  {"name": "TOKEN",\n\n   "value": "hunter2"}',
    "pair in a template text.yaml": 'A: !Sub |\n  {"name": "TOKEN",\n   "value": "hunter2${B}"}',
    "pair with escapes.yaml": 'A: "[\\n{\\"name\\": \\"TOKEN\\",\\"value\\": \\"hunter2\\"}]"',
    "pair with escapes.json": '{"A": "[\\n{\\"name\\": \\"\\u0054OKEN\\", \\"value\\": \\"hunter2\\"}]"}',
    "pair with odd escapes.json": '{"A": "{\\"\\ud83d\\ude00\\":1,\\"key\\":\\"TOKEN\\", \\"value\\": \\"hunter2\\"}"}',
    "words of a command.yaml": 'Command: ["run", "--password", hunter2, --name, x]',
    "words of a command in a block.yaml": "Command:\n- --db-password\n- hunter2\n- --name\n- x",
    "command of a shell.yaml": "Command: [sh, -c, 'login --pass hunter2']\nB: sh -c \"login --pass hunter2\"",
    "variables of a script.yaml": "A: |\n  export DB_PASSWORD hunter2\n  set DB_PASS hunter2",
    "xml.yaml": "A: |\n  <password>hunter2</password>",
    "flow.json": '{"A": {"Username": "admin", "Password": "hunter2hunter2"}}',
    "lines.json": '{"A": {\n"DB_PASS":\n"hunter2hunter2",\n"B": 1}}',
    "list.json": '{"AuthTokens": ["a", "hunter2hunter2"], "C": {"Fn::Join": ["", ["b", {"Ref": "D"}]]}}',
    "pair.json": '{"A": [{"Name": "PGPASS",\n"Value": "hunter2hunter2"}]}',
    "escapes.json": '{"Pass\\u0077ord": "\\ud83d\\ude00hunter2hunter2"}',
    "text.json": '{"A": "{\\"user\\": \\"x\\", \\"password\\": \\"hunter2hunter2\\"}"}',
    "json in.template": '{"A": {"Password": "hunter2hunter2"}}',
}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_line_of_a_template_shows_no_secret(name: str, tmp_path: Path) -> None:
    source = TEMPLATES[name]
    lines = shown(tmp_path, name, source)
    assert not any("hunter2" in line for line in lines), lines
    assert any("***" in line for line in lines)
    assert source_literals(source, name) is not None, "it is no test of what is found by parsing"


def test_the_rest_of_a_line_stays_and_so_do_its_quotes(tmp_path: Path) -> None:
    source = (
        "Users: [{Username: admin, Password: hunter2, N: 5}]\n"
        "A: {'DB_PASS': 'x y', \"PGPASS\": \"x\", Empty: '', Secret: !Ref S}  # why\n"
        "B: {Password: '{{resolve:ssm-secure:x}}', SecretArn: arn:aws:x, Token: true, Pwd: null}\n"
        "C: {Password: !Sub '${A}', Secret: !GetAtt A.B, Token: !Join ['', ['{{resolve:', !Ref A, ':x}}']]}\n"
        "D: {Key: team, Value: payments, HttpTokens: required, Bypass: yes, PassThrough: x}\n"
        "E: {Secrets: [{Name: DB_PASSWORD, ValueFrom: /db/password}]}\n"
        "Resources: {DbSecret: {Type: AWS::SecretsManager::Secret, Properties: {Description: for the database}}}"
    )
    first, second, *others = source.split("\n")
    assert shown(tmp_path, "t.yaml", source) == [
        first.replace("hunter2", "***"),
        second.replace("x y", "***").replace('"x"', '"***"'),
        *others,
    ]


def test_of_everything_keys_and_structure_stay(tmp_path: Path) -> None:
    source = "A:  # why\n  - hunter2\n"
    source += '  - {B: [hunter2, 5], "C": "hunter2"}\n  - D: !Ref E\n  - |\n    hunter2 = hunter2: x\n'
    assert shown(tmp_path, "t.yaml", source, everything=True) == [
        "A:  # ***",
        "  - ***",
        '  - {B: [***, ***], "C": "***"}',
        "  - D: !Ref E",
        "  - |",
        "    ***",
        "",
    ]
    assert shown(tmp_path, "t.json", '{"A": "hunter2",\n"B": {"Ref": "C"}}', everything=True) == [
        '{"A": "***",',
        '"B": {"Ref": "C"}}',
    ]


@pytest.mark.parametrize(
    "source",
    [
        "A: [{Username: admin, Password: hunter2hunter2}",
        "A: !Nope {DB_PASS: hunter2hunter2, B: 1}",
        "MasterUserPassword: hunter2hunter2\n\tB: 1",
        "A: 1\nA: {X_PASS: hunter2hunter2, MYSQL_PWD: hunter2hunter2 }",
        f"{'[' * 300}{{Password: hunter2hunter2}}",
        "DB_PASS=hunter2hunter2 PGPASS='hunter2hunter2' x\n: {[",
    ],
)
@pytest.mark.parametrize("everything", [False, True])
def test_a_file_that_does_not_parse_is_masked_by_what_its_lines_look_like(
    source: str, tmp_path: Path, *, everything: bool
) -> None:
    assert source_literals(source, "t.yaml") is None
    assert not any("hunter2" in line for line in shown(tmp_path, "t.yaml", source, everything=everything))


def test_of_a_template_that_does_not_parse_only_keys_are_shown(tmp_path: Path) -> None:
    source = "Password:\n  - hunter\nA: words\nA: more\nB:\n  C: !Ref D\n"
    assert shown(tmp_path, "t.yaml", source) == ["Password:", "  - ***", "A: ***", "A: ***", "B:", "  C: !Ref D", ""]
    assert shown(tmp_path, "t.yaml", source.replace("Password", "User"))[2] == "A: words"
    source = "Password: x\nPassword: y\nA: user=words(more)\nB: {C: words(x, D: x=y}"
    lines = shown(tmp_path, "t.yaml", source)
    assert lines[2:] == ["A: ***=***(***)", "B: {C: ***(***, D: ***=***}"]


def test_of_a_document_in_a_text_the_other_values_stay(tmp_path: Path) -> None:
    source = 'A: |\n  [{"name": "TOKEN",\n    "value": "hush"},\n   {"name":"x", "value": "y"}]'
    assert shown(tmp_path, "t.yaml", source) == source.replace('"hush"', '"***"').split("\n")
    source = json.dumps({"A": json.dumps([{"name": "TOKEN", "value": "hush", "b": "ü\n"}, 5])})
    assert shown(tmp_path, "t.json", source) == [source.replace("hush", "***")]


CORES = st.text("abcXYZ0123456789", min_size=12, max_size=24).map(lambda text: f"q9Z{text}")
ENDS = st.text(st.sampled_from("ab{}[]'\":,#&*!|>%@`\\$=-.^()?é😀"), max_size=6)
PLACES = st.sampled_from(
    [
        lambda secret: {"Resources": {"A": {"Properties": {"B": [{"User": "x", "DB_PASS": secret}]}}}},
        lambda secret: {"Resources": {"A": {"Properties": {"Passwords": {"b": [secret, {"c": secret}], "d": None}}}}},
        lambda secret: {"Resources": {"A": {"Properties": {"E": [{"Name": "API_KEY", "Value": secret}]}}}},
        lambda secret: {"Resources": {"A": {"Properties": {"Password": {"Fn::Join": ["", [{"Ref": "B"}, secret]]}}}}},
        lambda secret: {"Resources": {"A": {"Properties": {"Password": {"Fn::If": ["C", secret, {"Ref": "D"}]}}}}},
        lambda secret: {"Parameters": {"P": {"Type": "String", "NoEcho": True, "Default": secret}}},
        lambda secret: {"Parameters": {"P": {"NoEcho": "true", "AllowedValues": [secret, f"{secret}b"]}}},
    ]
)
OTHERS = st.dictionaries(
    st.sampled_from(["Description", "Engine", "Mode"]),
    st.sampled_from(["plain", "two words", "it's", 'a "b"', "5432", 5432, True, None, "x: y", "ünï"]),
)
STYLES = st.sampled_from(
    [
        ("t.json", json.dumps),
        ("t.json", lambda body: json.dumps(body, indent=1, ensure_ascii=False)),
        ("t.yaml", lambda body: json.dumps(body, indent=2)),
        *(
            (
                "t.yaml",
                lambda body, flow=flow, style=style: yaml.safe_dump(
                    body, default_flow_style=flow, default_style=style, width=10_000
                ),
            )
            for flow in (None, False, True)
            for style in (None, "'", '"', "|", ">")
        ),
        ("t.yaml", lambda body: yaml.safe_dump(body, allow_unicode=True, width=10_000)),
    ]
)
WRAPPED = st.sampled_from([("t.yaml", lambda body: yaml.safe_dump(body, width=20)), ("t.json", json.dumps)])


def shown_text(name: str, text: str) -> list[str]:
    """The lines of a text as `SourceLines` shows them, without a file for each example."""
    lines = SourceLines(project=Path(), templates=Path(), read_literals=source_literals)
    lines._files[Path(name)] = type(lines._file(Path(name)))(name=name, lines=text.split("\n"))
    count = len(text.split("\n"))
    return [str(lines(Location(file=name, line=n, template_file=name))) for n in range(1, count + 1)]


@given(CORES, ENDS, ENDS, PLACES, OTHERS, STYLES)
def test_a_planted_secret_is_in_no_line_and_the_others_are_as_they_were(
    core: str,
    before: str,
    after: str,
    place: Any,
    others: dict[str, Any],
    style: Any,
) -> None:
    name, dump = style
    body = {**place(f"{before}{core}{after}"), "Metadata": others}
    source = dump(body)
    lines = shown_text(name, source)
    assert not any(core in line for line in lines)
    assert any("***" in line for line in lines)
    for was, line in zip(source.split("\n"), lines, strict=True):
        assert core in was or was == line


@given(
    st.lists(CORES, min_size=2, max_size=4),
    st.sampled_from(["\n", "\n\n", "\n  ", " ", " \n"]),
    PLACES,
    STYLES | WRAPPED,
)
def test_no_line_of_a_planted_secret_of_several_is_shown(cores: list[str], gap: str, place: Any, style: Any) -> None:
    name, dump = style
    lines = shown_text(name, dump(place(gap.join(cores))))
    assert not any(core in line for core in cores for line in lines)
