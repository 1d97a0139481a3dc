"""A notification names each difference, mentions no user by accident, and states what it leaves out."""

from __future__ import annotations

from dataclasses import replace

from stackproof.drift.difference import Difference
from stackproof.drift.episode import Alarm
from stackproof.drift.memory.history import advanced
from stackproof.reporters.alarm import LONGEST, alarm_issue, alarm_text
from tests.memory_fakes import STACK, difference, night, record, run, unmanaged


def alarm(*differences: Difference) -> Alarm:
    return Alarm(run=run(3), episodes=advanced([], record(*differences), run=3, at=night(0)).new)


def test_a_message_has_a_line_for_each_difference() -> None:
    nowhere = record(unmanaged("q-1"), stack_key=replace(STACK, stack_name=""))
    more = advanced([], nowhere, run=3, at=night(0)).new
    made = alarm(difference())
    text = alarm_text(replace(made, episodes=(*made.episodes, *more)))
    assert text.splitlines() == [
        "2 new differences in (in no stack) and 1 more",
        "",
        "123456789012/eu-west-1: app.py:7: Net/Topic /DisplayName differs",
        "123456789012/eu-west-1: q-1 (AWS::SNS::Topic) is in no stack",
        "",
        "seen by run 3 on aws at 2026-11-04T02:00:00Z (stackproof drift history)",
    ]


def test_the_body_of_an_issue_is_a_table_that_nothing_breaks() -> None:
    made = alarm(difference("Topic", "/Tags/@someone|<b>"))
    lines = alarm_issue(made).splitlines()
    assert lines[0] == f"<!-- stackproof:drift {made.identity} -->"
    assert lines[1] == "### Drift: 1 new difference in Net"
    assert lines[5].count(" | ") == 5
    assert "@<!-- -->someone\\|&lt;b&gt;" in lines[5]
    assert lines[5].endswith(f"| {made.episodes[0].fingerprint} |")


def test_what_is_too_long_is_cut_and_counted() -> None:
    made = alarm(*(difference(f"Topic{number}", "/" + "x" * 900) for number in range(100)))
    for text in (alarm_text(made), alarm_issue(made)):
        assert len(text) <= LONGEST
        shown = text.count("/xxx")
        assert f"{100 - shown} more differences: see the report" in text


def test_no_secret_is_told() -> None:
    made = alarm(difference(path="/Password", actual="hunter-two", is_secret=True))
    assert "hunter" not in alarm_text(made) + alarm_issue(made) + str(made.to_dict())
