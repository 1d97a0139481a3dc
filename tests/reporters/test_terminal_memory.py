"""What a person reads of a store, and what programs read of it."""

from __future__ import annotations

from dataclasses import replace

from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from stackproof.drift.history import advanced, compared
from stackproof.model.history_report import DiffReport, HistoryReport
from stackproof.reporters.terminal_memory import diff_text, history_text
from tests.memory_fakes import difference, look, night, run

_RUNS = "run 1 (2026-11-02T02:00:00Z) and run 2 (2026-11-03T02:00:00Z)"
SECRET = difference("Key", "/Password", actual="hunter-two", is_secret=True)


def test_history_has_runs_then_what_is_open_then_what_is_resolved() -> None:
    topic, queue = advanced([], look(difference(), difference("Queue")), run=1, at=night(0)).new
    gone = replace(queue, resolved=night(2), resolved_run=3)
    runs = (run(1, ended=night(2)), run(2))
    track = ("aws", "template")
    report = HistoryReport(store="sqlite:///x", runs=runs, episodes=((track, gone), (track, topic)))
    seen = "(since 2026-11-01T02:00:00Z, last seen 2026-11-01T02:00:00Z)"
    queue_line, topic_line = (f"app.py:7: Net/{each} /DisplayName differs {seen}" for each in ("Topic", "Queue"))
    assert history_text(report).splitlines() == [
        "run 1: aws, against the template: began 2026-11-02T02:00:00Z, ended 2026-11-03T02:00:00Z",
        "run 2: aws, against the template: began 2026-11-03T02:00:00Z, did not finish",
        f"open: {topic_line}",
        f"resolved 2026-11-03T02:00:00Z: {queue_line}",
        "2 runs in sqlite:///x: 1 open, 1 resolved",
    ]
    Draft202012Validator(read_schema("report.schema.json")).validate(report.to_dict())
    assert report.to_dict()["summary"] == {"runs": 2, "open": 1, "resolved": 1}


def test_two_runs_are_named_with_all_that_became_of_the_differences() -> None:
    before = look(difference("Same"), difference("Gone"), difference("Changed"), SECRET)
    after = look(
        difference("Same"), difference("New"), difference("Changed", actual="c"), replace(SECRET, actual="hunter-six")
    )
    elsewhere = look(difference("Far", stack_name="Far"), place=replace(before.place, stack_name="Far"))
    report = DiffReport(before=run(1), after=run(2), compared=compared([before], [after, elsewhere]))
    assert diff_text(report).splitlines() == [
        "new: app.py:7: Net/New /DisplayName differs",
        "resolved: app.py:7: Net/Gone /DisplayName differs",
        "changed: app.py:7: Net/Changed /DisplayName differs: 'b' is now 'c'",
        "changed: app.py:7: Net/Key /Password differs: '***' is now '***'",
        "looked at by one of the two only: app.py:7: Far/Far /DisplayName differs",
        f"{_RUNS}: 1 new, 1 resolved, 2 changed, 1 the same, 1 not comparable",
    ]
    Draft202012Validator(read_schema("report.schema.json")).validate(report.to_dict())
    assert "hunter" not in str(report.to_dict())
