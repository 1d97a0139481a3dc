"""`fleet.yaml`: what it says, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.config.fleet import load_fleet
from stackproof.core.errors import ConfigError
from stackproof.drift.fleet.task import Fleet, FleetAccount, Organization, StackFilter


def fleet(folder: Path, text: str) -> Fleet:
    file = folder / "fleet.yaml"
    file.write_text(text, encoding="utf-8")
    return load_fleet(file)


def test_what_an_account_does_not_say_the_fleet_says(tmp_path: Path) -> None:
    found = fleet(
        tmp_path,
        """
role: audit
regions: [us-east-1, eu-west-1]
owner_tag: team
stacks: {names: ["Tap*"], tags: {stage: prod, app: tap}, owners: [streams]}
accounts:
  - account: "222222222222"
    name: shop
    role: path/other
    regions: [cn-north-1]
    stacks: {names: [One]}
    may_be_empty: true
  - account: "111111111111"
organization: {units: [ou-abcd-12345678, r-abcd], exclude: ["333333333333"], may_be_empty: true}
""",
    )
    every = StackFilter(
        names=("Tap*",), tags=(("app", "tap"), ("stage", "prod")), owners=("streams",), owner_tag="team"
    )
    regions = ("eu-west-1", "us-east-1")
    assert found == Fleet(
        accounts=(
            FleetAccount(account="111111111111", role="audit", regions=regions, stacks=every),
            FleetAccount(
                account="222222222222",
                name="shop",
                role="path/other",
                regions=("cn-north-1",),
                stacks=StackFilter(names=("One",), owner_tag="team"),
                may_be_empty=True,
            ),
        ),
        organization=Organization(
            units=("ou-abcd-12345678", "r-abcd"),
            exclude=("333333333333",),
            role="audit",
            regions=regions,
            stacks=every,
            may_be_empty=True,
        ),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('accounts:\n  - account: "111111111111"\n', ":2: accounts[0]: no regions"),
        ("regions: [eu-west-1]\naccounts:\n  - account: 111111111111\n", ":3: accounts[0].account: 111111111111 is"),
        (
            'regions: [eu-west-1]\naccounts:\n  - account: "111111111111"\n  - account: "111111111111"\n',
            ":4: accounts[1].account: 111111111111 is named twice",
        ),
        ("regions: [Frankfurt]\norganization: {}\n", ":1: regions[0]: 'Frankfurt' is not as expected: give a region"),
        ("regions: [eu-west-1]\n", "fleet.yaml:1: 'accounts' or 'organization' is missing: give at least one of them"),
        ("regions: [eu-west-1]\norganization: {}\nregoins: []\n", ":3: regoins: unknown key: did you mean 'regions'?"),
        ("organization: {}\n", ":1: organization: no regions"),
        ("regions: [eu-west-1]\nstacks: {}\norganization: {}\n", ":2: stacks: "),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_path(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        fleet(tmp_path, text)
    assert "fleet.yaml:" in str(raised.value)
    assert said in str(raised.value)
