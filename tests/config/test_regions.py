"""One pattern for a region's name, on the command line and in every file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import stackproof.config
from stackproof.config.problems import problems
from stackproof.config.regions import REGION_PATTERN, require_region
from stackproof.config.schema import read_schema
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue

SCHEMAS = sorted(file.name for file in (Path(stackproof.config.__file__).parent / "schemas").glob("*.json"))
REGIONS = ("us-east-1", "us-gov-west-1", "cn-north-1", "ap-southeast-5", "eusc-de-east-1", "us-isob-east-1")


def patterns(schema: JsonValue) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield str(schema["pattern"])
        for part in schema.values():
            yield from patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from patterns(part)


def test_every_schema_has_the_pattern_of_the_command_line() -> None:
    found = {name: {pattern for pattern in patterns(read_schema(name)) if "(-[a-z]+)+" in pattern} for name in SCHEMAS}
    assert {name: of_regions for name, of_regions in found.items() if of_regions} == {
        "engine_versions.schema.json": {REGION_PATTERN},
        "fleet.schema.json": {REGION_PATTERN},
        "stackproof.schema.json": {REGION_PATTERN},
    }


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_of_any_partition_is_one(region: str) -> None:
    require_region(region, shown=f"--region {region}")
    assert problems({"region": region}, "stackproof.schema.json") == ()


@pytest.mark.parametrize("text", ["", "moon", "us-east", "eu-central-1a", "US-EAST-1", "us-east-1 "])
def test_another_text_is_not_a_region(text: str) -> None:
    with pytest.raises(ConfigError, match="this is not a region: give one like eu-central-1"):
        require_region(text, shown=f"--region {text}")
