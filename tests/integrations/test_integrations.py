"""Engine versions inside cfn-lint and Checkov say what ours says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import stackproof
from stackproof.policy.engines.tools import find_python
from stackproof.policy.versions.bodies import template_of
from tests.fakes import written
from tests.policy.versions.sample import one, postgres
from tests.running import environment

SOURCE = Path(stackproof.__file__).parents[1]
BODY = {
    "Parameters": {"V": {"Type": "String", "Default": "15.3"}},
    "Resources": {
        "Bad": postgres({"Ref": "V"})["It"],
        "Costly": postgres("13.23")["It"],
        "Fine": postgres("15.19")["It"],
        "Open": one("AWS::MemoryDB::Cluster", EngineVersion="7.1")["It"],
    },
}


@pytest.mark.usefixtures("processes")
def test_the_judgement_is_standard_library_alone() -> None:
    """So that it can be imported by path, in an interpreter that has nothing else."""
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n"
        "import stackproof.policy.versions.evaluation, stackproof.policy.versions.refreshing\n"
        "import stackproof.policy.versions.writing\n"
        "import stackproof.policy.versions.bodies\n"
        "from stackproof.config.engine_versions import packaged_engine_versions\n"
        "print(len(packaged_engine_versions().families))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) > 20


def test_what_is_no_resource_is_passed_over() -> None:
    assert [
        resource.logical_id for resource in template_of({"Resources": {"A": {"Type": "X"}, "B": [], "C": {}}}).resources
    ] == ["A"]
    assert template_of({}).resources == ()


@pytest.mark.usefixtures("processes")
def test_cfn_lint_takes_the_rules(tmp_path: Path) -> None:
    written(tmp_path, {"t.json": json.dumps(BODY)})
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            "-a",
            "stackproof.integrations.cfn_lint",
            "--format",
            "json",
            "t.json",
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [load for load in json.loads(done.stdout) if load["Rule"]["Id"].endswith("9810")]
    found = {row["Location"]["Path"][1]: (row["Level"], row["Message"]) for row in ours}
    assert found["Bad"][0] == "Error"
    assert "EV012 RDS postgres 15.3 is deprecated" in found["Bad"][1]
    assert found["Costly"][0] == "Warning"
    assert set(found) == {"Bad", "Costly"}


@pytest.mark.usefixtures("processes")
def test_checkov_takes_the_check_in_an_environment_of_its_own(tmp_path: Path) -> None:
    python = find_python(None)
    assert python is not None, "stackproof tools install"
    check = (SOURCE / "stackproof" / "integrations" / "checkov.py").read_text(encoding="utf-8")
    written(tmp_path, {"t.json": json.dumps(BODY), "checks/__init__.py": "", "checks/engine_version.py": check})
    command = ["-f", "t.json", "--framework", "cloudformation", "--external-checks-dir", "checks", "-o", "json"]
    done = subprocess.run(
        [str(python), "-m", "checkov.main", *command, "-c", "CKV_STACKPROOF_1", "--quiet", "--skip-download"],
        cwd=tmp_path,
        env={**environment(), "STACKPROOF_SOURCE": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    failed = {check["resource"] for check in report["results"]["failed_checks"]}
    assert failed == {"AWS::RDS::DBInstance.Bad", "AWS::RDS::DBInstance.Costly"}
    assert report["summary"]["passed"] == 1
    assert report["summary"]["parsing_errors"] == 0
