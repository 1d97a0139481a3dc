"""A refresh adds knowledge and reports every change; it forgets nothing and believes no source more than it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.policy.versions.engine_version import AllowList, Claim, Source, Status, Unlisted
from stackproof.policy.versions.refreshing import FamilySnapshot, Refresh, Snapshot, refreshed

NAME = "rds/mysql"
C, D = Claim.CREATABLE, Claim.DEPRECATED
MANY = {f"8.0.{n}": C for n in range(20)}


def snapshot(
    kind: str = "cfn-lint",
    as_of: str = "2026-01-01",
    family: str = NAME,
    listing: dict[str, Claim] | None = None,
    **changes: Any,
) -> Snapshot:
    return Snapshot(
        name=kind,
        source=Source(kind=kind, as_of=as_of, sha256="0" * 64, region="us-east-1"),
        families={family: FamilySnapshot(listing=listing, **changes)},
    )


def start(listing: dict[str, Claim] | None = None, **changes: Any) -> AllowList:
    return refreshed(None, [snapshot(listing=listing or MANY, **changes)]).versions


def again(old: AllowList, *snapshots: Snapshot, accept: bool = False) -> Refresh:
    return refreshed(old, snapshots, accept_large_change=accept)


def told(result: Refresh) -> list[str]:
    return [f"{change.kind} {change.version}".strip() for change in result.changes if change.kind != "RENEWED"]


def status(result: Refresh, version: str) -> Status:
    return result.versions.families[NAME].versions[version].status


def test_the_same_again_is_no_difference() -> None:
    old = start()
    result = again(old, snapshot(listing=MANY))
    assert (result.changes, result.versions) == ((), old)


def test_what_is_new_is_added_and_its_first_day_kept() -> None:
    result = again(start(), snapshot(listing={**MANY, "8.0.20": C}, as_of="2026-02-01"))
    assert told(result) == ["ADDED 8.0.20"]
    assert result.versions.families[NAME].versions["8.0.20"].first_seen == date(2026, 2, 1)
    assert result.versions.families[NAME].versions["8.0.1"].first_seen is None
    assert result.versions.as_of == "2026-02-01"


def test_what_is_deprecated_falls_and_its_last_day_is_kept() -> None:
    result = again(start(), snapshot(listing={**MANY, "8.0.0": D}, as_of="2026-02-01"))
    assert told(result) == ["NOW-DEPRECATED 8.0.0"]
    assert result.versions.families[NAME].versions["8.0.0"].last_seen_creatable == date(2026, 1, 1)


def test_absence_is_missing_first_and_withdrawn_once_confirmed() -> None:
    fewer = {name: claim for name, claim in MANY.items() if name != "8.0.0"}
    missing = again(start(), snapshot(listing=fewer, as_of="2026-02-01"))
    assert told(missing) == ["MISSING 8.0.0"]
    assert status(missing, "8.0.0") is Status.CREATABLE
    soon = again(missing.versions, snapshot(listing=fewer, as_of="2026-02-05"))
    assert status(soon, "8.0.0") is Status.CREATABLE
    gone = again(soon.versions, snapshot(listing=fewer, as_of="2026-02-08"))
    assert told(gone) == ["WITHDRAWN 8.0.0"]
    back = again(gone.versions, snapshot(listing=MANY, as_of="2026-03-01"))
    assert told(back) == ["NOW-CREATABLE 8.0.0", "REAPPEARED 8.0.0"]


def test_absence_from_a_complete_listing_of_aws_is_final() -> None:
    fewer = {name: claim for name, claim in MANY.items() if name != "8.0.0"}
    result = again(start(), snapshot("aws-api", "2026-02-01", listing=fewer, is_final=True))
    assert told(result) == ["WITHDRAWN 8.0.0"]
    assert result.versions.families[NAME].unlisted is Unlisted.REFUSED


def test_a_lesser_source_never_raises() -> None:
    old = start()
    lowered = again(old, snapshot("aws-api", "2026-02-01", listing={**MANY, "8.0.0": D}))
    assert status(lowered, "8.0.0") is Status.DEPRECATED
    later = again(lowered.versions, snapshot(listing=MANY, as_of="2026-03-01"))
    assert status(later, "8.0.0") is Status.DEPRECATED
    raised = again(later.versions, snapshot("aws-api", "2026-04-01", listing=MANY))
    assert status(raised, "8.0.0") is Status.CREATABLE
    assert told(raised) == ["NOW-CREATABLE 8.0.0"]


def test_a_source_that_lowered_and_forgets_leaves_its_word() -> None:
    """AWS said deprecated; that it lists the version no more does not make cfn-lint's word the better one."""
    lowered = again(start(), snapshot("aws-api", "2026-02-01", listing={**MANY, "8.0.0": D})).versions
    fewer = {name: claim for name, claim in MANY.items() if name != "8.0.0"}
    both = again(lowered, snapshot(listing=MANY, as_of="2026-03-01"), snapshot("aws-api", "2026-03-01", listing=fewer))
    assert status(both, "8.0.0") is Status.DEPRECATED


def test_a_later_word_of_a_lesser_source_may_lower() -> None:
    old = again(start(), snapshot("aws-api", "2026-02-01", listing=MANY)).versions
    result = again(old, snapshot(listing={**MANY, "8.0.0": D}, as_of="2026-03-01"))
    assert status(result, "8.0.0") is Status.DEPRECATED
    earlier = again(old, snapshot(listing={**MANY, "8.0.0": D}, as_of="2026-01-15"))
    assert status(earlier, "8.0.0") is Status.CREATABLE
    assert told(earlier) == ["CONFLICT 8.0.0"]


def test_sources_of_equal_trust_that_contradict_leave_it_unknown() -> None:
    here, there = (
        replace(snapshot("aws-api", "2026-02-01", listing={**MANY, "8.0.0": claim}), name=name)
        for name, claim in (("aws-1", C), ("aws-2", D))
    )
    result = again(start(), here, there)
    assert status(result, "8.0.0") is Status.UNKNOWN
    assert told(result) == ["CONFLICT 8.0.0"]


def test_sources_that_may_not_decide_decide_nothing() -> None:
    result = refreshed(None, [snapshot("cdk-enum", listing={"8.0.1": C})])
    assert status(result, "8.0.1") is Status.UNKNOWN


def test_majors_are_never_taken_from_a_source() -> None:
    assert "8.0" not in start({**MANY, "8.0": D}).families[NAME].versions


def test_a_family_that_could_not_be_read_keeps_its_data_and_its_age() -> None:
    old = start()
    result = again(old, snapshot("aws-api", "2026-02-01", failure="AccessDenied"))
    assert result.versions.families == old.families
    assert result.failures == (f"{NAME}: aws-api: AccessDenied",)
    assert result.versions.as_of == "2026-01-01"
    assert result.changes == ()


def test_a_family_that_was_never_read_is_there_without_anything() -> None:
    result = refreshed(None, [snapshot(failure="x")])
    assert not result.versions.families[NAME].is_known
    assert result.versions.sources == {}


@pytest.mark.parametrize(
    ("listing", "why"),
    [
        ({**MANY, **{f"8.0.{n}": D for n in range(3)}}, "3 of 20 creatable versions would change"),
        (dict.fromkeys(MANY, D), "none of 20 creatable versions would be left"),
    ],
)
def test_a_change_that_is_too_large_wants_a_word(listing: dict[str, Claim], why: str) -> None:
    old = start()
    result = again(old, snapshot(listing=listing, as_of="2026-02-01"))
    assert result.versions.families == old.families
    assert why in result.refused[0]
    believed = again(old, snapshot(listing=listing, as_of="2026-02-01"), accept=True)
    assert status(believed, "8.0.0") is Status.DEPRECATED
    assert believed.refused == ()


def test_a_tenth_is_not_too_large() -> None:
    assert again(start(), snapshot(listing={**MANY, "8.0.0": D, "8.0.1": D})).refused == ()


def test_dates_of_the_better_source_win_and_a_date_that_moves_leaves_a_trace() -> None:
    one, other, third = date(2026, 6, 1), date(2027, 2, 1), date(2028, 1, 1)
    old = start(dates={"8.0.1": {"create_block": one}})
    better = snapshot(listing=MANY, as_of="2026-02-01", dates={"8.0.1": {"create_block": other}})
    lesser = snapshot("endoflife", "2026-03-01", dates={"8.0.1": {"create_block": third}, "8.0.2": {"first_seen": one}})
    result = again(old, lesser, better)
    version = result.versions.families[NAME].versions["8.0.1"]
    assert version.create_block == other
    assert [(change.before, change.after, change.source) for change in version.date_history] == [
        (one, other, "cfn-lint")
    ]
    assert told(result) == ["DATE-MOVED 8.0.1"]
    assert result.versions.families[NAME].versions["8.0.2"].first_seen == one


def test_a_lesser_source_moves_no_date_while_the_better_one_is_silent() -> None:
    one, other = date(2026, 6, 1), date(2027, 2, 1)
    old = start(dates={"8.0.1": {"update_block": one}})
    lesser = snapshot("endoflife", "2026-03-01", dates={"8.0.1": {"update_block": other, "first_seen": other}})
    version = again(old, lesser).versions.families[NAME].versions["8.0.1"]
    assert (version.update_block, version.first_seen) == (one, other)
    both = again(old, lesser, snapshot(listing=MANY, as_of="2026-03-01"))
    assert both.versions.families[NAME].versions["8.0.1"].update_block == other


def test_cycles_are_added_and_moved_by_sources_that_may() -> None:
    end, later = date(2026, 7, 31), date(2026, 8, 31)
    dated = again(start(), snapshot("endoflife", "2026-02-01", cycles={"8.0": (end, False)}))
    assert told(dated) == ["CYCLE-ADDED 8.0"]
    moved = again(dated.versions, snapshot("aws-api", "2026-03-01", listing=MANY, cycles={"8.0": (later, None)}))
    assert [change.detail for change in moved.changes if change.kind == "DATE-MOVED"] == [
        "extended_support_end no end -> unknown",
        "standard_support_end 2026-07-31 -> 2026-08-31",
    ]
    kept = again(moved.versions, snapshot("endoflife", "2026-04-01", cycles={"8.0": (end, True)}))
    assert kept.versions.families[NAME].cycles == moved.versions.families[NAME].cycles
    ended = again(moved.versions, snapshot("aws-api", "2026-05-01", cycles={"8.0": (True, True)}))
    assert {change.detail for change in ended.changes} >= {"extended_support_end unknown -> ended"}


def test_successors_are_kept() -> None:
    old = start(successors={"8.0.1": "8.4.1"})
    assert again(old, snapshot(listing=MANY)).versions.families[NAME].versions["8.0.1"].successor == "8.4.1"


def test_a_list_that_is_only_newer_is_a_difference_of_its_own() -> None:
    result = again(start(), snapshot(listing=MANY, as_of="2026-02-01"))
    assert [str(change) for change in result.changes] == [f"RENEWED {NAME} as of 2026-01-01 -> 2026-02-01"]
    other = replace(snapshot("endoflife", "2026-03-01"), families={})
    assert again(start(), replace(other, families={"eks": FamilySnapshot()})).changes[0].kind == "RENEWED"


def test_an_older_snapshot_makes_nothing_younger_or_older() -> None:
    result = again(start(), snapshot(listing=MANY, as_of="2025-06-01"))
    assert result.versions.families[NAME].as_of == "2026-01-01"


def test_families_of_a_project_are_kept() -> None:
    old = start()
    own = replace(old, families={**old.families, "own": old.families[NAME]})
    assert again(own, snapshot(listing=MANY)).versions == own


claims = st.dictionaries(st.sampled_from(sorted(MANY)), st.sampled_from([C, D]), max_size=8)


@given(claims, claims, st.sampled_from(["cfn-lint", "aws-api", "endoflife"]))
def test_nothing_is_ever_forgotten_and_a_second_look_changes_nothing(
    first: dict[str, Claim], second: dict[str, Claim], kind: str
) -> None:
    old = refreshed(None, [snapshot(listing=first)]).versions
    seen = snapshot(kind, "2026-02-01", listing=second)
    result = again(old, seen, accept=True)
    assert set(old.families[NAME].versions) <= set(result.versions.families[NAME].versions)
    assert bool(result.changes) == (result.versions != old)
    repeated = again(result.versions, seen, accept=True)
    assert repeated.versions == result.versions
    assert repeated.changes == ()
