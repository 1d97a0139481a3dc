"""What to pin instead: no further away than it has to be, and the youngest there."""

from __future__ import annotations

from datetime import date

import pytest

from stackproof.policy.versions.engine_version import Cycle, Status, Version
from stackproof.policy.versions.remedy import is_over, later_cycle, newest_known, newest_of, pin_instead, shown
from tests.policy.versions.sample import FRESH, PACKAGED, family


@pytest.mark.parametrize(
    ("name", "version", "cycle", "expected"),
    [
        ("rds/postgres", "15.3", "15", "15.19"),
        ("rds/postgres", "13.22", "13", "14.24"),
        ("rds/postgres", "9.6.1", "9.6", "14.24"),
        ("rds/postgres", "banana", None, "18.6"),
        ("lambda", "python3.8", None, "python3.14"),
        ("opensearch", "OpenSearch_1.0", "1.0", "OpenSearch_1.3"),
        ("eks", "1.31", "1.31", "1.34"),
        ("rds/mariadb", "12.3.2", "12.3", "12.3.3"),
    ],
)
def test_what_to_pin(name: str, version: str, cycle: str | None, expected: str) -> None:
    assert pin_instead(name, PACKAGED.families[name], version, cycle, FRESH) == expected


def test_a_plain_build_comes_before_a_special_one() -> None:
    assert newest_of(PACKAGED.families["rds/postgres"], "12") == "12.22"
    assert newest_of(PACKAGED.families["rds/postgres"], "11") == "11.22-rds.20260514"
    assert newest_of(PACKAGED.families["rds/postgres"], "10") is None


def test_a_cycle_without_anything_creatable_is_passed_over() -> None:
    held = family(
        versions={
            "1.1": Version(status=Status.DEPRECATED, cycle="1"),
            "2.1": Version(status=Status.DEPRECATED, cycle="2"),
            "3.1": Version(status=Status.CREATABLE, cycle="3"),
        }
    )
    assert later_cycle("rds/mysql", held, "1", FRESH) == "3.1"
    assert later_cycle("rds/mysql", held, "3", FRESH) is None


def test_a_cycle_that_is_over_is_no_remedy() -> None:
    held = family(cycles={"1": Cycle(standard_support_end=date(2020, 1, 1)), "2": Cycle()}, versions={})
    assert later_cycle("eks", held, "0", FRESH) == "2"


def test_the_newest_that_is_known() -> None:
    held = PACKAGED.families["rds/postgres"]
    assert newest_known(held, "15") == "15.19"
    assert newest_known(held, "99") == "18.6"
    assert newest_known(PACKAGED.families["eks"], None) == "1.36"
    assert newest_known(family(cycles={}, versions={}), None) is None


def test_a_last_day_is_still_in() -> None:
    assert not is_over(FRESH, FRESH)
    assert is_over(date(2026, 10, 20), FRESH)
    assert is_over(end=True, on=FRESH)
    assert not is_over(end=False, on=FRESH)
    assert not is_over(None, FRESH)


def test_a_cycle_is_shown_as_templates_write_it() -> None:
    assert shown("opensearch", "2.11") == "OpenSearch_2.11"
    assert shown("eks", "1.34") == "1.34"
