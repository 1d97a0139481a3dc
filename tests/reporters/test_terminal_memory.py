"""What a person reads of a store, and what programs read of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.drift.episode import Outcome, RunScope
from stackproof.drift.memory.history import advanced, compared
from stackproof.drift.memory.report import DiffReport, HistoryReport
from stackproof.reporters.terminal_memory import diff_text, history_text
from tests.memory_fakes import difference, night, record, run

_RUNS = "run 1 (2026-11-02T02:00:00Z) and run 2 (2026-11-03T02:00:00Z)"
SECRET = difference("Key", "/Password", actual="hunter-two", is_secret=True)


def test_history_has_runs_then_what_is_open_then_what_is_resolved() -> None:
    topic, queue = advanced([], record(difference(), difference("Queue")), run=1, at=night(0)).new
    gone = replace(queue, resolved=night(2), resolved_run=3)
    here = RunScope(account="123456789012", region="ap-southeast-2")
    first = Outcome(exit_code=1, differences=1, waived=2, checked=98.3, properties=120, stacks=4)
    blind = replace(first, exit_code=3, differences=0, waived=0, checked=0.0, properties=0, stacks=1)
    runs = (
        run(1, ended_at=night(1) + timedelta(minutes=3), scope=here, outcome=first),
        run(2, scope=here),
        run(3, ended_at=night(4), against="assembly"),
        run(4, ended_at=night(4), scope=RunScope(fleet="fleet.yaml"), outcome=blind),
        run(5, ended_at=night(5), scope=here, outcome=replace(blind, exit_code=0)),
        run(6, ended_at=night(6), scope=here, outcome=replace(blind, exit_code=1)),
        run(7, ended_at=night(7), scope=here, outcome=replace(blind, stacks=4, earlier=3)),
    )
    track = ("aws", "template")
    report = HistoryReport(store="sqlite:///x", runs=runs, episodes=((track, gone), (track, topic)))
    seen = "(since 2026-11-01T02:00:00Z, last seen 2026-11-01T02:00:00Z)"
    queue_line, topic_line = (f"app.py:7: Net/{name} /DisplayName differs {seen}" for name in ("Topic", "Queue"))
    text = history_text(report).splitlines()
    assert max(len(line) for line in text) <= 80
    assert _unfolded(text) == [
        "run 1: 2026-11-02T02:00:00Z to 02:03:00Z, aws 123456789012/ap-southeast-2",
        "    drifted: 1 difference, 2 waived; saw 98.3 % of 120 properties in 4 stacks",
        "run 2: 2026-11-03T02:00:00Z, aws 123456789012/ap-southeast-2",
        "    did not finish",
        "run 3: 2026-11-04T02:00:00Z to 2026-11-05T02:00:00Z, aws, against the assembly",
        "    what came of it was not recorded",
        "run 4: 2026-11-05T02:00:00Z to 02:00:00Z, aws fleet fleet.yaml",
        "    not complete: 0 differences; no property is set in 1 stack",
        "run 5: 2026-11-06T02:00:00Z to 02:00:00Z, aws 123456789012/ap-southeast-2",
        "    clean: 0 differences; no property is set in 1 stack",
        "run 6: 2026-11-07T02:00:00Z to 02:00:00Z, aws 123456789012/ap-southeast-2",
        "    waivers out of date: 0 differences; no property is set in 1 stack",
        "run 7: 2026-11-08T02:00:00Z to 02:00:00Z, aws 123456789012/ap-southeast-2",
        "    not complete: 0 differences; no property is set in 4 stacks",
        "    checked by an interrupted run: 3 of them",
        f"open: {topic_line}",
        f"resolved 2026-11-03T02:00:00Z: {queue_line}",
        "7 runs in sqlite:///x: 1 open, 1 resolved",
    ]
    Draft202012Validator(read_schema("report.schema.json")).validate(report.to_dict())
    assert report.to_dict()["summary"] == {"runs": 7, "open": 1, "resolved": 1}


def _unfolded(lines: list[str]) -> list[str]:
    """The lines before folding; lines below a run stay separate lines."""
    found: list[str] = []
    for line in lines:
        if line.startswith("    ") and not found[-1].startswith(("run ", "    ")):
            found[-1] += line[3:]
        else:
            found.append(line)
    return found


def test_two_runs_are_named_with_all_that_became_of_the_differences() -> None:
    before = record(difference("Same"), difference("Gone"), difference("Changed"), SECRET)
    after = record(
        difference("Same"), difference("New"), difference("Changed", actual="c"), replace(SECRET, actual="hunter-six")
    )
    elsewhere = record(difference("Far", stack_name="Far"), stack_key=replace(before.stack_key, stack_name="Far"))
    report = DiffReport(before=run(1), after=run(2), compared=compared([before], [after, elsewhere]))
    text = diff_text(report).splitlines()
    assert max(len(line) for line in text[:-1]) <= 80
    assert _unfolded(text) == [
        "new: app.py:7: Net/New /DisplayName differs",
        "resolved: app.py:7: Net/Gone /DisplayName differs",
        "changed: app.py:7: Net/Changed /DisplayName differs: 'b' is now 'c'",
        "changed: app.py:7: Net/Key /Password differs: '***' is now '***'",
        "checked by one of the two only: app.py:7: Far/Far /DisplayName differs",
        f"{_RUNS}: 1 new, 1 resolved, 2 changed, 1 the same, 1 not comparable",
    ]
    Draft202012Validator(read_schema("report.schema.json")).validate(report.to_dict())
    assert "hunter" not in str(report.to_dict())
