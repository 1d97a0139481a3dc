"""Several stacks of one app on an emulator: those that others depend on come too, and what one lacks others lack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project, stackproof

pytestmark = pytest.mark.usefixtures("processes")

APP = """
import json
import os
from pathlib import Path

GATEWAY = {unknown}
folder = Path(os.environ["CDK_OUTDIR"])
folder.mkdir(parents=True, exist_ok=True)
base = {{
    "Resources": {{"Queue": {{"Type": "AWS::SQS::Queue"}}, **GATEWAY}},
    "Outputs": {{
        "Queue": {{"Value": {{"Fn::GetAtt": ["Queue", "Arn"]}}, "Export": {{"Name": "Base:Queue"}}}},
        **{{name: {{"Value": {{"Ref": name}}, "Export": {{"Name": f"Base:{{name}}"}}}} for name in GATEWAY}},
    }},
}}
top = {{
    "Resources": {{
        "Topic": {{
            "Type": "AWS::SNS::Subscription",
            "Properties": {{
                "TopicArn": {{"Ref": "News"}}, "Protocol": "sqs", "Endpoint": {{"Fn::ImportValue": "Base:Queue"}}
            }},
        }},
        "News": {{"Type": "AWS::SNS::Topic"}},
        **{{
            f"Of{{name}}": {{
                "Type": "AWS::SNS::Topic", "Properties": {{"DisplayName": {{"Fn::ImportValue": f"Base:{{name}}"}}}}
            }}
            for name in GATEWAY
        }},
    }},
}}
artifacts = {{}}
for name, body, needs in (("Base", base, []), ("Top", top, ["Base"])):
    (folder / f"{{name}}.template.json").write_text(json.dumps(body))
    artifacts[name] = {{
        "type": "aws:cloudformation:stack",
        "properties": {{"templateFile": f"{{name}}.template.json"}},
        "dependencies": needs,
    }}
(folder / "manifest.json").write_text(json.dumps({{"version": "36.0.0", "artifacts": artifacts}}))
"""


def app(folder: Path, unknown: str = "{}") -> Path:
    made = project("tiny", folder)
    (made / "app.py").write_text(APP.format(unknown=unknown), encoding="utf-8")
    return made


@pytest.mark.parametrize("target", ["moto", "ministack"])
def test_one_stack_is_proven_with_what_it_depends_on_deployed_before_it(tmp_path: Path, target: str) -> None:
    done = stackproof(app(tmp_path), "prove", "--stack", "Top", "--target", target, "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (report["coverage"]["resources"]["total"], report["differences"]) == (2, [])


@pytest.mark.parametrize("target", ["moto", "ministack"])
def test_what_a_target_does_not_know_is_left_out_of_the_stack_that_imports_it_too(tmp_path: Path, target: str) -> None:
    kind = {"moto": "AWS::XRay::Group", "ministack": "AWS::EC2::FlowLog"}[target]
    folder = app(tmp_path, json.dumps({"Odd": {"Type": kind, "Properties": {}}}))
    done = stackproof(folder, "prove", "--target", target, "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 3, done.stdout + done.stderr
    why = {row["logical_id"]: row["detail"] for row in report["unproven"] if row["reason"] == "not_emulated"}
    assert why["Odd"].endswith(f"does not know {kind}")
    assert why["OfOdd"] == "it imports Base:Odd: Base does not export it here, since it refers to Odd"
    assert (report["differences"], report["coverage"]["resources"]) == (
        [],
        {"total": 5, "proven": 3, "custom": 0},
    )


def test_an_export_that_nobody_has_is_an_error_as_ever(tmp_path: Path) -> None:
    folder = app(tmp_path)
    text = (folder / "app.py").read_text(encoding="utf-8")
    (folder / "app.py").write_text(text.replace('"Name": "Base:Queue"', '"Name": "Base:Other"'), encoding="utf-8")
    done = stackproof(folder, "prove")
    assert done.returncode == 3
    assert "no stack exports Base:Queue" in done.stderr
