"""A least share of what has to be proven, of what can be read at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.minimum import MinimumProof
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.proof.report import ProveReport
from stackproof.template.location import Location


def proof(
    name: str,
    proven: tuple[str, ...] = (),
    unproven: tuple[tuple[str, UnprovenReason], ...] = (),
    status: DriftStatus = DriftStatus.IN_SYNC,
    *,
    differs: tuple[str, ...] = (),
    custom: bool = False,
) -> ResourceProof:
    return ResourceProof(
        location=Location(stack_name="Net", logical_id=name, file="app.py", line=3),
        physical_id=name,
        status=status,
        proven=proven,
        custom=custom,
        differences=tuple(
            PropertyDifference(path=differ, expected=1, actual=2, change=Change.NOT_EQUAL) for differ in differs
        ),
        unproven=tuple(Unproven(path=path, reason=reason) for path, reason in unproven),
    )


ALL = MinimumProof(resources=100, properties=100)
WRITE_ONLY = ("/Password", UnprovenReason.WRITE_ONLY)
MISSING = ("/B", UnprovenReason.NO_READER)


def test_what_cannot_be_read_at_all_is_not_asked_for() -> None:
    assert ALL.shortfalls([proof("A", ("/A",), (WRITE_ONLY,))]) == ()


def test_a_share_of_nothing_is_a_shortfall_unless_nothing_is_asked_for() -> None:
    assert ALL.shortfalls([]) == ("nothing was checked, and minimum_proof requires a share of it",)
    assert MinimumProof().shortfalls([]) == ()
    assert MinimumProof(resources=0).shortfalls([]) == ()


def test_a_shortfall_has_the_figure_and_the_first_that_is_missing() -> None:
    proofs = [
        proof("Z", ("/A",), (MISSING,)),
        proof("B", ("/A", "/C"), (WRITE_ONLY, ("/D", UnprovenReason.UNRESOLVED))),
    ]
    [said] = ALL.shortfalls(proofs)
    assert said == (
        "3 of 5 properties are proven (60.0 %), and minimum_proof is 100 %; the first that is not: "
        "app.py:3: B /D: unresolved"
    )
    assert MinimumProof(properties=60).shortfalls(proofs) == ()
    [said] = MinimumProof(properties=60.1).shortfalls(proofs)
    assert "minimum_proof is 60.1 %" in said


def test_what_is_almost_enough_is_not_rounded_to_enough() -> None:
    paths = tuple(f"/{number}" for number in range(2999))
    [said] = ALL.shortfalls([proof("A", paths, (MISSING,))])
    assert "2999 of 3000 properties are proven (99.9 %)" in said


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        (proof("A", (), (("", UnprovenReason.NO_READER),), DriftStatus.NOT_CHECKED), "no_reader"),
        (proof("A", status=DriftStatus.DELETED), "DELETED"),
    ],
)
def test_a_resource_that_was_not_seen_is_named(missing: ResourceProof, why: str) -> None:
    [said] = MinimumProof(resources=51).shortfalls([missing, proof("B")])
    assert said.startswith("1 of 2 resources are proven (50.0 %)")
    assert said.endswith(f"app.py:3: A: {why}")


def test_a_custom_resource_is_not_asked_for() -> None:
    custom = proof("C", (), (MISSING,), DriftStatus.NOT_CHECKED, custom=True)
    assert ALL.shortfalls([custom]) == ()


def test_what_differs_is_not_proven() -> None:
    [said] = ALL.shortfalls([proof("A", ("/A",), differs=("/B",), status=DriftStatus.MODIFIED)])
    assert said.endswith("A /B: differs")


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_it_is_a_shortfall_exactly_where_the_share_is_less(proven: int, missing: int, minimum: int) -> None:
    one = proof("A", tuple(f"/p{n}" for n in range(proven)), tuple((f"/m{n}", MISSING[1]) for n in range(missing)))
    short = bool(MinimumProof(properties=minimum).shortfalls([one]))
    assert short == (proven * 100 < minimum * (proven + missing))


def test_a_report_below_the_minimum_is_violated_and_says_so() -> None:
    proofs = (proof("A", ("/A",), (MISSING,)),)
    assert ProveReport(target="moto", proofs=proofs).exit_code == 0
    below = ProveReport(target="moto", proofs=proofs, minimum=ALL)
    assert below.exit_code == 1
    summary = below.to_dict()["summary"]
    assert isinstance(summary, dict)
    assert summary["minimum_proof"] == {"resources": 100, "properties": 100}
    assert summary["shortfalls"] == list(below.shortfalls)
