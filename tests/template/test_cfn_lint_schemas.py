"""The schemas are read from cfn-lint's files, without importing it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from stackproof.core.errors import ConfigError, EngineError
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.ports import SchemaSource


def test_types_of_aws_and_of_the_serverless_transform_are_known() -> None:
    source: SchemaSource = CfnLintSchemas()
    types = source.resource_types()
    assert len(types) > 1000
    assert list(types) == sorted(types)
    assert {"AWS::RDS::DBInstance", "AWS::Serverless::Function"} <= set(types)
    found = source.schema("AWS::RDS::DBInstance")
    assert found is not None
    assert found.document["typeName"] == found.resource_type == "AWS::RDS::DBInstance"
    assert source.schema("AWS::RDS::DBInstance") is found
    assert source.schema("AWS::RDS::DBInstanze") is None


def test_every_known_type_has_a_schema() -> None:
    source = CfnLintSchemas()
    assert [resource_type for resource_type in source.resource_types() if source.schema(resource_type) is None] == []


@pytest.mark.usefixtures("processes")
def test_cfn_lint_is_not_imported() -> None:
    code = (
        "import sys; from stackproof.template.cfn_lint_schemas import CfnLintSchemas; "
        "assert CfnLintSchemas().schema('AWS::KMS::Key'); sys.exit('cfnlint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_region_without_schemas_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="no resource schemas for the region 'mars-1'"):
        CfnLintSchemas("mars-1").resource_types()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "providers").mkdir()
    (tmp_path / "resources").mkdir()
    (tmp_path / "providers" / "us-east-1.json").write_text('{"A::B::C": "1", "A::B::D": "2", "A::B::E": "3"}')
    (tmp_path / "resources" / "1.json").write_text('{"typeName": "A::B::C"}')
    (tmp_path / "resources" / "2.json").write_text("[]")
    return tmp_path


def test_damaged_files_are_named(folder: Path) -> None:
    source = CfnLintSchemas(folder=folder)
    assert source.resource_types() == ("A::B::C", "A::B::D", "A::B::E")
    assert source.schema("A::B::C") is not None
    with pytest.raises(EngineError, match=r"2\.json is not a JSON object"):
        source.schema("A::B::D")
    with pytest.raises(EngineError, match=r"3\.json cannot be read"):
        source.schema("A::B::E")


def test_without_cfn_lint_there_are_no_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_name: str) -> None:
        return None

    monkeypatch.setattr("stackproof.template.cfn_lint_schemas.find_spec", nothing)
    assert importlib.util.find_spec("json") is not None
    with pytest.raises(EngineError, match="is not installed"):
        CfnLintSchemas().resource_types()
