"""Versions are compared by their numbers and words, and read in the form of their family."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.policy.versions.families import FAMILIES
from stackproof.policy.versions.grammar import grammar_of, is_plain, key
from tests.policy.versions.sample import PACKAGED


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("15.8", "15.19"),
        ("17.9", "17.10"),
        ("python3.9", "python3.14"),
        ("8.0.mysql_aurora.3.9.0", "8.0.mysql_aurora.3.10.0"),
        ("11.22", "11.22-rds.20240418"),
        ("11.22-rds.20240418", "11.22-rds.20240509"),
        ("9.6.24", "10.1"),
    ],
)
def test_versions_are_sorted_as_people_count(older: str, newer: str) -> None:
    assert key(older) < key(newer)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.lists(st.integers(0, 40), min_size=1, max_size=3))
def test_dotted_numbers_are_sorted_as_their_numbers(left: list[int], right: list[int]) -> None:
    texts = [".".join(map(str, numbers)) for numbers in (left, right)]
    assert (key(texts[0]) < key(texts[1])) == (left < right)


@pytest.mark.parametrize(
    ("family", "text", "cycle"),
    [
        ("rds/postgres", "15.8", "15"),
        ("rds/postgres", "9.6.24", "9.6"),
        ("rds/postgres", "11.22-rds.20240418", "11"),
        ("rds/postgres", "banana", None),
        ("rds/postgres", "15.8.1", None),
        ("rds/mysql", "8.0.35", "8.0"),
        ("rds/aurora-mysql", "8.0.mysql_aurora.3.10.0", "8.0"),
        ("rds/sqlserver-ee", "15.00.4073.23.v1", "15.00"),
        ("rds/db2-se", "11.5.9.0.sb00000000.r1", "11.5"),
        ("rds/oracle-ee", "19.0.0.0.ru-2024-01.rur-2024-01.r1", "19"),
        ("opensearch", "OpenSearch_2.11", "2.11"),
        ("opensearch", "2.11", None),
        ("elasticsearch", "Elasticsearch_7.10", "7.10"),
        ("msk", "3.7.x.kraft", "3.7"),
        ("msk", "2.8.2.tiered", "2.8"),
        ("msk", "2.8.2-tiered", "2.8"),
        ("mq/activemq", "5.17.6", "5.17"),
        ("neptune", "1.2.1.0.R7", "1.2.1.0"),
        ("eks", "1.31", "1.31"),
        ("eks", "1.31.5-20250101", "1.31"),
        ("elasticache/redis", "6.x", "6"),
        ("lambda", "python3.8", "python3.8"),
        ("lambda", "nodejs18.x", "nodejs18.x"),
        ("lambda", "java17.al2023", "java17.al2023"),
    ],
)
def test_a_version_tells_its_cycle(family: str, text: str, cycle: str | None) -> None:
    assert grammar_of(family).cycle_of(text) == cycle


@pytest.mark.parametrize(
    ("family", "text", "is_major"),
    [
        ("rds/postgres", "15", True),
        ("rds/postgres", "9.6", True),
        ("rds/postgres", "15.8", False),
        ("rds/mysql", "8.0", True),
        ("rds/mysql", "8", False),
        ("rds/sqlserver-se", "15.00", True),
        ("elasticache/redis", "6.x", True),
        ("elasticache/redis", "7.1", False),
        ("rds/postgres", "banana", False),
    ],
)
def test_a_major_is_a_version_that_is_all_cycle(family: str, text: str, is_major: bool) -> None:  # noqa: FBT001
    assert grammar_of(family).is_major(text) is is_major


def test_special_builds_are_not_plain() -> None:
    assert is_plain("8.0.mysql_aurora.3.10.0")
    assert not is_plain("16.4-limitless")


def test_a_parameter_groups_major_may_be_longer_than_the_cycle() -> None:
    assert grammar_of("elasticache/redis").group_cycle("5.0") == "5"
    assert grammar_of("elasticache/redis").group_cycle("x") is None


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_version_of_the_list_has_the_form_of_its_family(name: str) -> None:
    grammar = grammar_of(name)
    assert [version for version in PACKAGED.families[name].versions if not grammar.is_version(version)] == []
