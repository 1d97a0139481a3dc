"""What a project makes of where a run is to look, for commands and suites alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.config.settings import load_settings
from stackproof.errors import ConfigError
from stackproof.wiring.project import Project


@pytest.mark.parametrize("name", ["aws", "moto"])
def test_a_region_that_there_cannot_be_is_said_by_whoever_names_it(name: str, tmp_path: Path) -> None:
    project = Project(settings=load_settings(tmp_path))
    with pytest.raises(ConfigError, match="the region moon: this is no region"):
        project.target(name, endpoint_url="http://127.0.0.1:1", region="moon")
    assert project.target(name, endpoint_url="http://127.0.0.1:1", region="us-gov-west-1").region == "us-gov-west-1"
