"""A project's own rules: found, loaded file by file, and refused, with a place, where they could not be relied on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level
from stackproof.policy.engines.cfn_lint import CfnLintEngine
from stackproof.policy.engines.checkov import CheckovEngine
from stackproof.policy.engines.cloudformation_validate import CloudFormationValidateEngine
from stackproof.policy.engines.rule_files import find_rules, rule_files
from stackproof.policy.engines.tools import find_python
from stackproof.policy.engines.worker_engine import WorkerEngine
from stackproof.policy.finding import Kind, RuleCount
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.loading.template import parse_bytes
from stackproof.template.template import Template
from tests.fakes import written
from tests.running import stackproof

LINT = """
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from _shared import NAME
from rule_values import is_unknown, resolved, resources_of

class Named(CloudFormationLintRule):
    id = "E9900"
    shortdesc = "named"
    resource_types = ("AWS::SNS::Topic",)
    def match(self, cfn):
        for logical_id, _, properties in resources_of(cfn.template, self.resource_types):
            name = resolved(cfn.template, properties.get("TopicName"))
            path = ["Resources", logical_id, "Properties", "TopicName"]
            if is_unknown(name):
                yield RuleMatch(path, "not known", kind="open")
            elif name != NAME:
                yield RuleMatch(path, "another name")

class Sized(CloudFormationLintRule):
    id = "W9901"
    shortdesc = "sized"
    def __init__(self):
        super().__init__()
        self.resource_property_types = ["AWS::SQS::Queue"]
    def match_resource_properties(self, properties, resourcetype, path, cfn):
        return [RuleMatch(path, "a queue")]
"""
CHECK = """
from checkov.cloudformation.checks.resource.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult

class Named(BaseResourceCheck):
    def __init__(self):
        super().__init__(name="named", id="CKV_OWN_1", categories=[CheckCategories.LOGGING],
                         supported_resources=["AWS::SNS::Topic"])
    def scan_resource_conf(self, conf):
        name = conf["Properties"].get("TopicName")
        self.evaluated_keys = ["Properties/TopicName"]
        if isinstance(name, dict):
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if name == "ours" else CheckResult.FAILED

check = Named()
"""
GRAPH = """
metadata: {id: CKV2_OWN_1, name: named, category: LOGGING}
definition:
  {cond_type: attribute, resource_types: [AWS::SNS::Topic], attribute: TopicName, operator: equals, value: ours}
"""
GUARD = "rule named { AWS::SNS::Topic { Properties.TopicName == 'ours' } }\n"


def topic(name: object = "ours") -> Template:
    body = {
        "Parameters": {"P": {"Type": "String"}, "D": {"Type": "String", "Default": "ours"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}},
    }
    return parse_bytes(json.dumps(body).encode(), path="t.json", file="t.json", stack_name="S")


QUEUE = parse_bytes(
    b'{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}}}',
    path="t.json",
    file="t.json",
    stack_name="S",
)


def python() -> Path:
    found = find_python()
    if found is None:
        pytest.fail("these tests need Checkov: stackproof tools install")
    return found


def made(name: str, folder: Path) -> WorkerEngine:
    if name == "cfn-lint":
        return CfnLintEngine(rules=[folder])
    return CheckovEngine(python=python(), rules=[folder]) if name == "checkov" else guard(folder)


def guard(folder: Path) -> CloudFormationValidateEngine:
    return CloudFormationValidateEngine(rules=[folder])


@pytest.fixture(scope="module", params=["cfn-lint", "checkov", "cloudformation-validate"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerEngine]:
    files = {"rule.py": LINT, "_shared.py": "NAME = 'ours'\n"}
    if request.param == "checkov":
        files = {"rule.py": CHECK, "rule.yaml": GRAPH, "rule.examples.yaml": "- not a check\n"}
    if request.param == "cloudformation-validate":
        files = {"rule.guard": GUARD, "rule.examples.yaml": "- not a rule\n"}
    found = made(request.param, written(tmp_path_factory.mktemp("rules"), files))
    yield found
    found.close()


def about_names(engine: WorkerEngine, template: Template) -> tuple[set[Kind], list[RuleCount]]:
    answer = engine.evaluate(template)
    own = [count for count in answer.counts if count.project and count.rule_id != "W9901"]
    assert not [notification for notification in answer.notifications if notification.level is Level.ERROR]
    return {finding.kind for finding in answer.findings if finding.rule_id in {count.rule_id for count in own}}, own


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("ours", set()),
        ({"Ref": "D"}, set()),
        ("theirs", {Kind.FAIL}),
        ({"Ref": "P"}, {Kind.OPEN}),
        ({"Fn::ImportValue": "name"}, {Kind.OPEN}),
    ],
)
@pytest.mark.usefixtures("processes")
def test_a_rule_holds_fails_or_cannot_tell(engine: WorkerEngine, name: object, kinds: set[Kind]) -> None:
    found, counts = about_names(engine, topic(name))
    assert found == kinds
    assert counts
    for count in counts:
        expected = (int(Kind.FAIL in kinds), int(Kind.OPEN in kinds))
        assert (count.looked_at, count.failed, count.open) == (1, *expected)


@pytest.mark.usefixtures("processes")
def test_a_rule_without_its_types_is_counted_as_having_looked_at_nothing(engine: WorkerEngine) -> None:
    found, counts = about_names(engine, QUEUE)
    assert found == set()
    assert [count.looked_at for count in counts] == [0] * len(counts) != []


@pytest.mark.usefixtures("processes")
def test_a_rule_that_cfn_lint_calls_for_each_resource_is_counted_by_its_calls(engine: WorkerEngine) -> None:
    queues = {count.rule_id: count.looked_at for count in engine.evaluate(QUEUE).counts if count.project}
    assert queues.get("W9901") == (1 if engine.name == "cfn-lint" else None)


BROKEN = {
    "cfn-lint": [
        ("import nowhere_at_all\n", r"rule.py:1: does not load: ModuleNotFoundError"),
        ("def f(:\n", r"rule.py:1: does not load: SyntaxError"),
        ("x = 1\n\n\ny = x / 0\n", r"rule.py:4: does not load: ZeroDivisionError"),
        ("from cfnlint.rules import CloudFormationLintRule\n", "rule.py: has no rule in it"),
        (LINT.replace("E9900", "E3002"), "rule.py: Named.id: there is a rule E3002 already"),
        (LINT.replace("E9900", "X1"), "rule.py: Named.id: 'X1' is not an id"),
        (LINT.replace("    resource_types = ", "    about = "), "rule.py: Named: `match` sees the whole template"),
        (
            LINT.replace('("AWS::SNS::Topic",)', '("AWS::SNS::Topic")'),
            r"rule.py: Named.resource_types: expected a tuple",
        ),
        (
            LINT.replace("        super().__init__()", "        raise OSError('no')"),
            "rule.py: does not load: OSError: no",
        ),
    ],
    "checkov": [
        ("import nowhere_at_all\n", r"rule.py:1: does not load: ModuleNotFoundError"),
        ("x = 1\n", "rule.py: makes no check"),
        (CHECK.replace("CKV_OWN_1", "CKV_AWS_18"), "rule.py: there is a check CKV_AWS_18 already"),
    ],
    "yaml": [
        ("a: [\n", r"rule.yaml:\d+: is not valid YAML"),
        ("a: 1\n", "rule.yaml: is not a check: expected metadata"),
        ("metadata: {id: A, name: n, category: c}\ndefinition: {cond_type: nope}\n", "rule.yaml: definition: "),
        (GRAPH.replace("CKV2_OWN_1", "CKV2_AWS_69"), "rule.yaml: there is a check CKV2_AWS_69 already"),
    ],
    "cloudformation-validate": [
        ("\nrule {\n", r"rule.guard:2: does not load: "),
        ("", "rule.guard: has no rule in it"),
        ("AWS::SNS::Topic { Properties.TopicName exists }\n", "rule.guard: has a clause outside of any rule"),
        (GUARD.replace("named", "E3002"), "rule.guard: there is a rule E3002 already"),
    ],
}


@pytest.mark.parametrize(("kind", "text", "message"), [(kind, *row) for kind, rows in BROKEN.items() for row in rows])
@pytest.mark.usefixtures("processes")
def test_a_file_that_does_not_load_ends_the_run_with_its_name_and_line(
    tmp_path: Path, kind: str, text: str, message: str
) -> None:
    suffix = {"yaml": ".yaml", "cloudformation-validate": ".guard"}.get(kind, ".py")
    folder = written(tmp_path, {f"rule{suffix}": text, "_shared.py": "NAME = 'ours'\n"})
    broken = made("checkov" if kind == "yaml" else kind, folder)
    try:
        with pytest.raises(ConfigError, match=message):
            broken.evaluate(topic())
    finally:
        broken.close()


@pytest.mark.usefixtures("processes")
def test_a_rule_that_breaks_costs_its_own_file_alone(tmp_path: Path) -> None:
    # `find_rules` would refuse it; what else only shows at run time ends here.
    folder = written(tmp_path, {"good.guard": GUARD, "bad.guard": "rule bad { %nobody.Properties exists }\n"})
    found = guard(folder)
    try:
        answer = found.evaluate(topic("theirs"))
    finally:
        found.close()
    assert "named" in {finding.rule_id for finding in answer.findings}
    (error,) = [notification.message for notification in answer.notifications if notification.level is Level.ERROR]
    assert error.startswith("bad.guard: its rules broke: ")


@pytest.mark.usefixtures("processes")
def test_the_rules_of_all_files_are_judged_together(tmp_path: Path) -> None:
    text = GUARD.replace("rule named", "rule renamed") + "# rule of_a_comment {}\n"
    found = guard(written(tmp_path, {"a.guard": GUARD, "b.guard": text}))
    try:
        answer = found.evaluate(topic("theirs"))
    finally:
        found.close()
    own = sorted(finding.rule_id for finding in answer.findings if finding.rule_id.endswith("named"))
    assert own == ["named", "renamed"]


@pytest.fixture(scope="module")
def schemas() -> CfnLintSchemas:
    return CfnLintSchemas()


def test_folders_with_rules_are_found_and_the_others_not(tmp_path: Path, schemas: CfnLintSchemas) -> None:
    folder = written(
        tmp_path,
        {
            "guard/a.guard": GUARD,
            "guard/README.md": "how to",
            "guard/a.examples.yaml": "x: 1",
            "checkov/__pycache__/a.pyc": b"\x00",
            "cfn_lint/deep/b.py": "# AWS::SNS::Topic, AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>, AWS::Region\n",
        },
    )
    found = find_rules(folder, schemas)
    assert found == {"cfn_lint": (folder / "cfn_lint",), "guard": (folder / "guard",)}
    assert [file.name for file in rule_files(found["cfn_lint"], ".py")] == ["b.py"]
    assert find_rules(tmp_path / "nowhere", schemas) == {}


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("cfn_lint/a.py", "def f(:\n", r"a.py:1: does not load: invalid syntax"),
        ("cfn_lint/a.py", " \n", r"a.py:1: is empty"),
        ("cfn_lint/a.py", "x = 1\ny = ('AWS::SNS::Topik',)\n", r"a.py:2: there is no resource type AWS::SNS::Topik"),
        ("cfn_lint/a.py", b"\xff\xfe", r"a.py: cannot be read"),
        ("cfn_lint/a.txy", "x", r"a.txy: is not a file of rules \(expected .py\)"),
        ("checkov/a.py", "x = 1 +\n", r"a.py:1: does not load: invalid syntax"),
        ("checkov/a.yaml", "a: 1\nb: AWS::SNS::Topik\n", r"a.yaml:2: there is no resource type AWS::SNS::Topik"),
        ("checkov/a.yaml", "a: [\n", r"a.yaml:2: is not valid YAML"),
        (
            "checkov/a.yaml",
            GRAPH.replace("Name,", "Nam,"),
            r"a.yaml:4: AWS::SNS::Topic has no property TopicNam, did you",
        ),
        ("checkov/a.json", "{}", r"a.json: is not a file of rules"),
        ("guard/a.guard", "", r"a.guard:1: is empty"),
        ("guard/a.guard", "let a = 1\n", r"a.guard:1: has no rule in it"),
        ("guard/a.guard", "\nrule r { AWS::SNS::Topic { Properties.TopicNam exists } }", r"a.guard:2: .*no property"),
        ("guard/a.ruleset", GUARD, r"a.ruleset: is not a file of rules"),
    ],
)
def test_what_would_pass_in_silence_is_refused_before_any_engine_starts(
    tmp_path: Path, schemas: CfnLintSchemas, file: str, text: str | bytes, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        find_rules(written(tmp_path, {file: text}), schemas)


def test_what_a_rule_file_says_is_part_of_an_engines_identity(tmp_path: Path) -> None:
    def identities() -> list[str]:
        engines = [CfnLintEngine(rules=[tmp_path]), CheckovEngine(python=python(), rules=[tmp_path]), guard(tmp_path)]
        return [engine.identity for engine in engines]

    written(tmp_path, {"rule.py": "x = 1\n", "rule.yaml": "a: 1\n", "rule.guard": GUARD})
    before = identities()
    assert identities() == before
    written(tmp_path, {"rule.py": "x = 2\n"})
    changed = identities()
    assert all(name != other for name, other in zip(before, changed, strict=True))
    # Rules import what begins with an underscore: it is part of what they say.
    written(tmp_path, {"_shared.py": "NAME = 1\n"})
    assert all(name != other for name, other in zip(changed, identities(), strict=True))
    shared = identities()
    written(tmp_path, {"__pycache__/rule.pyc": b"\x00"})
    assert identities() == shared


PROJECT = "[tool.stackproof.engines]\ncloudformation-validate = {}\n"


@pytest.mark.usefixtures("processes")
def test_check_says_which_rule_was_vacuous_and_judges_with_the_new_text_of_a_changed_one(tmp_path: Path) -> None:
    body = json.dumps({"Resources": topic("theirs").body["Resources"]})
    files = {"pyproject.toml": PROJECT, "t.json": body, "policies/guard/names.guard": GUARD.replace("ours", "theirs")}
    written(tmp_path, {**files, "policies/guard/queues.guard": "rule q { AWS::SQS::Queue { Properties exists } }\n"})
    held = stackproof(tmp_path, "check", "t.json", "--format", "json")
    report = json.loads(held.stdout)
    assert held.returncode == 0, held.stdout + held.stderr
    assert [
        notification["message"] for notification in report["notifications"] if notification["level"] == "warning"
    ] == ["rules of policies/ that checked nothing: q"]
    assert {rule["rule_id"]: rule["looked_at"] for rule in report["rules"] if rule["project"]} == {"named": 1, "q": 0}
    written(tmp_path, {"policies/guard/names.guard": GUARD})
    assert stackproof(tmp_path, "check", "t.json").returncode == 1


def test_check_ends_with_exit_code_2_for_a_rule_file_that_does_not_load(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "t.json": json.dumps(topic().body), "policies/guard/names.guard": "rule {"}
    done = stackproof(written(tmp_path, files), "check", "t.json")
    assert done.returncode == 2
    assert "policies/guard/names.guard:1: " in done.stderr
    assert done.stdout == ""


def test_a_folder_that_is_named_nearly_like_one_of_rules_is_refused(tmp_path: Path, schemas: CfnLintSchemas) -> None:
    (tmp_path / "policies" / "cfn-lint").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"cfn-lint: is not a folder of rules \(did you mean cfn_lint\?\)"):
        find_rules(tmp_path / "policies", schemas)
    (tmp_path / "policies" / "cfn-lint").rename(tmp_path / "policies" / "notes")
    (tmp_path / "policies" / "guard").mkdir()
    (tmp_path / "policies" / "guard" / "shared").symlink_to(tmp_path / "policies" / "notes")
    with pytest.raises(ConfigError, match=r"shared: links to folders are not followed"):
        find_rules(tmp_path / "policies", schemas)
