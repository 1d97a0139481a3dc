"""The union of several targets' proofs: differs over proven over not proven, in any order."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.merging import Share, merge_proofs, merge_stacks, shares
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.template.location import Location

QUEUE = Location(stack_name="Net", logical_id="Queue", resource_type="AWS::SQS::Queue")
STREAM = Location(stack_name="Net", logical_id="Stream", resource_type="AWS::Kinesis::Stream")
PATHS = ("/A", "/B", "/C", "/D")


def proof(
    *proven: str,
    differs: tuple[str, ...] = (),
    unproven: tuple[tuple[str, UnprovenReason], ...] = (),
    location: Location = QUEUE,
    physical_id: str | None = "q-1",
    status: DriftStatus | None = None,
    custom: bool = False,
) -> ResourceProof:
    return ResourceProof(
        location=location,
        physical_id=physical_id,
        status=status or (DriftStatus.MODIFIED if differs else DriftStatus.IN_SYNC),
        custom=custom,
        proven=proven,
        differences=tuple(_difference(path) for path in differs),
        unproven=tuple(Unproven(path=path, reason=reason) for path, reason in unproven),
    )


def _difference(path: str, actual: str = "other") -> PropertyDifference:
    return PropertyDifference(path=path, expected="this", actual=actual, change=Change.NOT_EQUAL)


NOT_EMULATED = UnprovenReason.NOT_EMULATED
UNSEEN = proof(unproven=(("", NOT_EMULATED), ("/A", NOT_EMULATED)), status=DriftStatus.NOT_CHECKED, physical_id=None)


@st.composite
def proofs(draw: st.DrawFn) -> ResourceProof:
    """What one target may say of a resource that sets four properties: each is in exactly one of the three tuples."""
    fates = [draw(st.sampled_from(["proven", "differs", *UnprovenReason])) for _ in PATHS]
    if draw(st.booleans()):
        reason = draw(st.sampled_from(UnprovenReason))
        everything = ("", *PATHS)
        return proof(unproven=tuple((path, reason) for path in everything), status=DriftStatus.NOT_CHECKED)
    return replace(
        proof(
            *(path for path, fate in zip(PATHS, fates, strict=True) if fate == "proven"),
            unproven=tuple(
                (path, fate) for path, fate in zip(PATHS, fates, strict=True) if isinstance(fate, UnprovenReason)
            ),
            physical_id=draw(st.sampled_from(["q-1", "q-2", None])),
            status=DriftStatus.MODIFIED if "differs" in fates else DriftStatus.IN_SYNC,
        ),
        differences=tuple(
            _difference(path, draw(st.sampled_from(["x", "y"])))
            for path, fate in zip(PATHS, fates, strict=True)
            if fate == "differs"
        ),
    )


@given(st.lists(proofs(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_targets_and_saying_it_twice_change_nothing(found: list[ResourceProof], random: Random) -> None:
    shuffled = [*found, found[0]]
    random.shuffle(shuffled)
    assert merge_proofs(shuffled) == merge_proofs(found)


@given(proofs(), proofs(), proofs())
def test_it_does_not_matter_which_are_united_first(
    one: ResourceProof, two: ResourceProof, three: ResourceProof
) -> None:
    assert (
        merge_proofs([merge_proofs([one, two]), three])
        == merge_proofs([one, merge_proofs([two, three])])
        == merge_proofs([one, two, three])
    )


@given(proofs())
def test_one_alone_is_itself(one: ResourceProof) -> None:
    assert merge_proofs([one]) == one


@given(st.lists(proofs(), min_size=1, max_size=4))
def test_every_property_has_one_fate_and_the_gravest_that_was_seen(found: list[ResourceProof]) -> None:
    whole = merge_proofs(found)
    differs = {difference.path for difference in whole.differences}
    unproven = {unproven.path for unproven in whole.unproven} - {""}
    assert sorted([*whole.proven, *differs, *unproven]) == list(PATHS)
    assert differs == {difference.path for proof in found for difference in proof.differences}
    assert set(whole.proven) == {path for proof in found for path in proof.proven} - differs


def test_a_difference_on_one_wins_over_a_proof_on_another() -> None:
    whole = merge_proofs([proof("/A", "/B"), proof("/B", differs=("/A",), physical_id="q-2")])
    assert whole.status is DriftStatus.MODIFIED
    assert (whole.proven, whole.physical_id) == (("/B",), "q-2")
    assert [difference.path for difference in whole.differences] == ["/A"]


def test_what_one_target_does_not_have_another_proves() -> None:
    assert merge_proofs([UNSEEN, proof("/A")]) == proof("/A")
    assert merge_proofs([UNSEEN, UNSEEN]) == UNSEEN


def test_gone_on_one_is_gone() -> None:
    gone = proof(differs=("/A",), status=DriftStatus.DELETED, physical_id=None)
    assert merge_proofs([proof("/A"), gone]).status is DriftStatus.DELETED
    assert merge_proofs([proof("/A"), gone]).physical_id is None


def test_of_two_reasons_the_one_is_kept_that_says_more() -> None:
    weak, strong = (proof(unproven=(("/A", reason),)) for reason in (NOT_EMULATED, UnprovenReason.WRITE_ONLY))
    assert merge_proofs([weak, strong]) == merge_proofs([strong, weak]) == strong


def test_a_whole_that_is_unknown_on_one_is_its_leaves_on_another() -> None:
    unresolved = proof("/B", unproven=(("/A", UnprovenReason.UNRESOLVED),))
    leaves = proof("/A/x", "/B", unproven=(("/A/y", UnprovenReason.WRITE_ONLY),))
    whole = merge_proofs([unresolved, leaves])
    assert whole.proven == ("/A/x", "/B")
    assert [unproven.path for unproven in whole.unproven] == ["/A/y"]
    assert [
        unproven.path
        for unproven in merge_proofs([unresolved, proof("/B", unproven=(("/A/y", NOT_EMULATED),))]).unproven
    ] == ["/A/y"]


def test_whole_stacks_are_united_resource_by_resource_in_order_of_place() -> None:
    stream = proof("/S", location=STREAM)
    assert merge_stacks({"moto": [stream, proof("/A")], "ministack": [UNSEEN]}) == (proof("/A"), stream)
    assert merge_stacks({}) == ()


def test_the_share_of_a_target_is_what_no_other_proves() -> None:
    stream = proof("/S", location=STREAM)
    custom = proof("/X", location=Location(logical_id="Custom"), custom=True)
    assert shares({"moto": [stream, proof("/A"), custom], "ministack": [proof("/A", differs=("/B",))]}) == (
        Share(target="moto", alone=1, differs=0),
        Share(target="ministack", alone=0, differs=1),
    )
