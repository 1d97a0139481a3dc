"""What a project makes of where a run is to look, for commands and suites alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from stackproof.calls.connection import Connection
from stackproof.config.settings import load_settings
from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level
from stackproof.policy.versions.engine_version import Status
from stackproof.template.assembly import Stack
from stackproof.wiring.engine_versions import affected_by
from stackproof.wiring.policy import EngineSet, scan_templates, versions_engine
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from stackproof.wiring.targets import open_target
from tests.fakes import TODAY
from tests.policy.versions.sample import FRESH, PACKAGED
from tests.running import project


@pytest.mark.parametrize("name", ["aws", "moto"])
def test_a_region_that_there_cannot_be_is_said_by_whoever_names_it(name: str, tmp_path: Path) -> None:
    project = Project(settings=load_settings(tmp_path))
    with pytest.raises(ConfigError, match="the region moon: this is not a region"):
        open_target(project, name, Connection(endpoint_url="http://127.0.0.1:1", region="moon"))
    assert (
        open_target(project, name, Connection(endpoint_url="http://127.0.0.1:1", region="us-gov-west-1")).region
        == "us-gov-west-1"
    )


def stacks_of_one_name(tmp_path: Path) -> tuple[Project, Sequence[Stack]]:
    made = Project(settings=load_settings(project("same_name", tmp_path)))
    return made, synthesize(made, {}).stacks


@pytest.mark.usefixtures("processes")
def test_each_template_has_the_regions_of_its_own_stacks(tmp_path: Path) -> None:
    made, stacks = stacks_of_one_name(tmp_path)
    assert versions_engine(made, on=TODAY, stacks=stacks).regions == {
        "cdk.out/shop-a.template.json": ("eu-west-1",),
        "cdk.out/shop-b.template.json": ("us-west-2",),
    }
    shared = [replace(stack, template=stacks[0].template) for stack in (*stacks, replace(stacks[0], region=None))]
    assert versions_engine(made, on=TODAY, stacks=shared).regions == {
        "cdk.out/shop-a.template.json": ("eu-west-1", "us-west-2")
    }


@pytest.mark.usefixtures("processes")
def test_each_region_of_stacks_of_one_name_is_told(tmp_path: Path) -> None:
    made, _ = stacks_of_one_name(tmp_path)
    result = scan_templates(made, (), EngineSet(engines=()), assemblies=[synthesize(made, {})], on=TODAY)
    told = [
        notification.message.partition(",")[0]
        for notification in result.notifications
        if notification.rule_id == "EV002"
    ]
    assert told == ["shop is for eu-west-1", "shop is for us-west-2"]


@pytest.mark.usefixtures("processes")
def test_what_runs_in_one_of_two_stacks_of_one_name_is_given_by_its_construct_path(tmp_path: Path) -> None:
    made, stacks = stacks_of_one_name(tmp_path)
    known = replace(made, deployed={"shop-a": {"Db": "15.3"}})
    engine = versions_engine(known, on=TODAY, stacks=stacks)
    levels = [
        [finding.level for finding in engine.evaluate(stack.template).findings if finding.rule_id == "EV012"]
        for stack in stacks
    ]
    assert levels == [[Level.WARNING], []]
    plain = versions_engine(made, on=TODAY, stacks=stacks).evaluate(stacks[0].template)
    assert [finding.level for finding in plain.findings if finding.rule_id == "EV012"] == [Level.ERROR]
    ambiguous = replace(made, deployed={"shop": {"Db": "15.3"}})
    with pytest.raises(ConfigError, match=r"--deployed shop: two stacks are named shop: shop-a .* and shop-b "):
        versions_engine(ambiguous, on=TODAY, stacks=stacks)
    assembly = synthesize(made, {})
    with pytest.raises(ConfigError, match=r"in .*shop-a\.template\.json.* check one assembly at a time"):
        versions_engine(
            replace(made, deployed={"shop-a": {}}),
            on=TODAY,
            stacks=[stack for _ in range(2) for stack in assembly.stacks],
        )


@pytest.mark.usefixtures("processes")
def test_what_runs_in_one_of_two_stacks_of_one_template_file_cannot_be_told(tmp_path: Path) -> None:
    made, stacks = stacks_of_one_name(tmp_path)
    sharing = [stacks[0], replace(stacks[1], template=stacks[0].template)]
    with pytest.raises(
        ConfigError, match=r"--deployed shop-a: two stacks are named shop: .*, and they have one template"
    ):
        versions_engine(replace(made, deployed={"shop-a": {"Db": "15.3"}}), on=TODAY, stacks=sharing)


@pytest.mark.usefixtures("processes")
def test_what_a_new_list_affects_is_named_by_its_template_where_two_have_the_name(tmp_path: Path) -> None:
    made, stacks = stacks_of_one_name(tmp_path)
    known = PACKAGED.families["rds/postgres"]
    older = {**known.versions, "15.3": replace(known.versions["15.3"], status=Status.CREATABLE)}
    before = replace(PACKAGED, families={**PACKAGED.families, "rds/postgres": replace(known, versions=older)})
    lines = affected_by(made, (), before=before, after=PACKAGED, on=FRESH)
    assert [line.partition(": ")[0] for line in lines] == [f"AFFECTED shop ({stacks[0].template.file}) Db"]
