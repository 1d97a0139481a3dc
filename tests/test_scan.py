"""A scan asks every engine about every template once, remembers whole answers, and says what broke."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from stackproof.errors import ConfigError
from stackproof.model.control import Control
from stackproof.model.finding import EngineAnswer, Kind, Level, Notification, RuleCount
from stackproof.model.location import SourceLine
from stackproof.model.template import Template
from stackproof.scan import ScanResult, is_remembered, scan
from tests.fakes import TODAY, FakeEngine, FakeStore, finding, resource, template, waiver

ANSWER = EngineAnswer(
    findings=(finding(),),
    counts=(RuleCount(rule_id="E1", engine="fake", looked_at=3, failed=1),),
    notifications=(Notification(level=Level.NOTE, message="an old list", engine="fake"),),
)


def scanned(
    *templates: Template, engine: FakeEngine, store: FakeStore | None = None, waived: bool = False
) -> ScanResult:
    return scan(templates, [engine], store=store, waivers=[waiver()] if waived else [], on=TODAY)


def test_findings_counts_and_notifications_of_an_engine_come_through() -> None:
    result = scanned(template(stack_name="S"), engine=FakeEngine({"t.json": ANSWER}))
    assert (result.findings, result.counts) == (ANSWER.findings, ANSWER.counts)
    assert result.notifications == ANSWER.notifications
    assert (result.computed, result.cached, result.inputs) == (1, 0, ("t.json",))
    assert list(result.seconds) == ["fake"]


def test_without_engines_or_templates_nothing_is_found_and_nothing_computed() -> None:
    assert scan([template()], [], store=None, waivers=[], on=TODAY).computed == 0
    assert scanned(engine=FakeEngine()).inputs == ()


def test_an_answer_is_remembered_and_not_asked_for_again() -> None:
    store, held = FakeStore(), template(stack_name="S")
    first = scanned(held, engine=FakeEngine({"t.json": ANSWER}), store=store)
    again = FakeEngine({"t.json": None})
    second = scanned(held, engine=again, store=store)
    assert again.judged == []
    assert (second.computed, second.cached) == (0, 1)
    assert (second.findings, second.counts, second.notifications) == (
        first.findings,
        first.counts,
        first.notifications,
    )


def test_of_an_entry_that_is_no_resource_its_reason_alone_is_said() -> None:
    held = replace(template(stack_name="S"), unreadable={ANSWER.findings[0].location.logical_id or "": "t.json:3: why"})
    result = scanned(held, engine=FakeEngine({"t.json": ANSWER}))
    assert result.findings == ()
    assert result.counts == (RuleCount(rule_id="E1", engine="fake", looked_at=2),)
    assert Notification(level=Level.ERROR, message="t.json:3: why", file="t.json") in result.notifications


@pytest.mark.parametrize(
    "changed",
    [
        replace(template(stack_name="S"), digest="other bytes"),
        replace(template(stack_name="S"), file="u.json"),
        replace(template(stack_name="S"), stack_name="T"),
        template("t.json", resource(construct_path="S/Topic"), stack_name="S"),
        template("t.json", resource(source=SourceLine(file="app.py", line=1)), stack_name="S"),
        template("t.json", resource(property_sources={"/A": SourceLine(file="app.py", line=1)}), stack_name="S"),
        template("t.json", resource(generated=True), stack_name="S"),
    ],
)
def test_what_an_answer_depends_on_makes_it_anew(changed: Template) -> None:
    store = FakeStore()
    scanned(template("t.json", resource(), stack_name="S"), engine=FakeEngine(), store=store)
    assert scanned(changed, engine=FakeEngine(), store=store).computed == 1


def test_another_identity_of_the_engine_makes_the_answer_anew() -> None:
    store = FakeStore()
    scanned(template(), engine=FakeEngine(), store=store)
    assert scanned(template(), engine=FakeEngine(identity="fake 2"), store=store).computed == 1
    assert scanned(template(), engine=FakeEngine(), store=store).computed == 0


def test_an_engine_that_breaks_on_one_template_costs_that_one_answer() -> None:
    engine = FakeEngine({"bad.json": None, "t.json": ANSWER})
    result = scanned(template("bad.json"), template(), engine=engine, store=FakeStore())
    assert result.findings == ANSWER.findings
    broken = result.notifications[0]
    assert (broken.level, broken.engine, broken.file) == (Level.ERROR, "fake", "bad.json")
    assert broken.message == "fake broke on bad.json"


def test_what_broke_is_not_remembered() -> None:
    store = FakeStore()
    assert scanned(template(), engine=FakeEngine({"t.json": None}), store=store).computed == 1
    assert store.kept == {}


def test_an_exception_that_no_one_expected_is_said_with_its_type() -> None:
    class Surprised(FakeEngine):
        def judge(self, template: Template) -> EngineAnswer:
            raise RuntimeError(template.file)

    (said,) = scanned(template(), engine=Surprised()).notifications
    assert (said.level, said.message, said.file) == (Level.ERROR, "RuntimeError: t.json", "t.json")


def test_a_wrong_file_of_rules_stops_the_scan() -> None:
    class Misconfigured(FakeEngine):
        def judge(self, template: Template) -> EngineAnswer:
            raise ConfigError(f"rules.guard: {template.file}")

    with pytest.raises(ConfigError, match=r"rules\.guard"):
        scanned(template(), engine=Misconfigured())


def test_once_a_rule_file_is_refused_the_other_engines_stop() -> None:
    refusing = threading.Event()

    class Refused(FakeEngine):
        def judge(self, template: Template) -> EngineAnswer:
            refusing.set()
            raise ConfigError(f"rules.guard: {template.file}")

    class Slow(FakeEngine):
        def judge(self, template: Template) -> EngineAnswer:
            refusing.wait(10)
            time.sleep(0.2)
            return super().judge(template)

    slow = Slow(name="slow")
    with pytest.raises(ConfigError):
        scan([template(f"{n}.json") for n in range(9)], [slow, Refused()], store=None, waivers=[], on=TODAY)
    assert len(slow.judged) == 1


@pytest.mark.parametrize("remembered", [{}, [], "text", {"findings": 3, "counts": [], "notifications": []}])
def test_an_answer_of_another_form_is_not_an_answer(remembered: object) -> None:
    store = FakeStore()
    scanned(template(), engine=FakeEngine({"t.json": ANSWER}), store=store)
    ((kind, key),) = store.kept
    store.put(kind, key, remembered)  # type: ignore[arg-type]
    result = scanned(template(), engine=FakeEngine({"t.json": ANSWER}), store=store)
    assert (result.findings, result.cached) == (ANSWER.findings, 0)


def test_waivers_are_applied_after_the_cache_and_what_they_cover_no_longer_failed() -> None:
    store, held = FakeStore(), template(stack_name="S")
    scanned(held, engine=FakeEngine({"t.json": ANSWER}), store=store)
    result = scanned(held, engine=FakeEngine(), store=store, waived=True)
    assert result.findings[0].suppression is not None
    assert result.counts == (replace(ANSWER.counts[0], failed=0, waived=1),)
    assert result.by_template["t.json"] == (result.findings, result.counts)


def test_what_was_open_and_is_waived_is_no_longer_open() -> None:
    answer = EngineAnswer(
        findings=(finding(kind=Kind.OPEN),), counts=(RuleCount(rule_id="E1", engine="fake", looked_at=3, open=2),)
    )
    result = scanned(template(stack_name="S"), engine=FakeEngine({"t.json": answer}), waived=True)
    assert result.counts == (RuleCount(rule_id="E1", engine="fake", looked_at=3, open=1, waived=1),)


def test_a_waived_finding_without_a_template_of_the_run_is_in_no_count() -> None:
    answer = replace(ANSWER, findings=(finding(template_file=None),))
    result = scanned(template(stack_name="S"), engine=FakeEngine({"t.json": answer}), waived=True)
    assert result.counts == ANSWER.counts


def test_what_broke_is_said_before_the_waivers_and_no_waiver_is_called_useless_then() -> None:
    engine = FakeEngine({"t.json": None})
    assert [each.level for each in scanned(template(stack_name="S"), engine=engine, waived=True).notifications] == [
        Level.ERROR
    ]
    idle = scanned(template(stack_name="S"), engine=FakeEngine(), waived=True)
    assert [each.level for each in idle.notifications] == [Level.WARNING]


def test_a_scan_knows_beforehand_whether_it_will_run_an_engine() -> None:
    store, engine = FakeStore(), FakeEngine({"t.json": ANSWER})
    held = [template()]
    assert not is_remembered(held, [engine], store, on=TODAY)
    assert not is_remembered(held, [engine], None, on=TODAY)
    assert not scan(held, [engine], store=store, on=TODAY).is_cached
    assert is_remembered(held, [engine], store, on=TODAY)
    assert scan(held, [engine], store=store, on=TODAY).is_cached
    assert not is_remembered([*held, template("u.json")], [engine], store, on=TODAY)


def test_an_answer_is_of_its_day() -> None:
    store = FakeStore()
    scanned(template(), engine=FakeEngine(), store=store)
    tomorrow = scan([template()], [FakeEngine()], store=store, on=TODAY + timedelta(days=1))
    assert tomorrow.computed == 1


def test_engines_agree_on_one_finding_and_are_counted_apart() -> None:
    engines = [
        FakeEngine({"t.json": EngineAnswer(findings=(finding(engine=name),), counts=(count,))}, name=name)
        for name in ("one", "two")
        for count in [RuleCount(rule_id="E1", engine=name, looked_at=1, failed=1)]
    ]
    result = scan([template()], engines, store=None, waivers=[], on=TODAY, controls={"E1": Control(id="C", title="c")})
    assert [each.engine for each in result.findings[0].origins] == ["one", "two"]
    assert [each.engine for each in result.counts] == ["one", "two"]
    assert sorted(result.seconds) == ["one", "two"]


def test_counts_are_summed_over_templates_and_kept_by_template() -> None:
    other = EngineAnswer(counts=(RuleCount(rule_id="E1", engine="fake", looked_at=4, open=2),))
    engine = FakeEngine({"t.json": ANSWER, "u.json": other})
    result = scanned(template("u.json"), template("t.json"), engine=engine)
    assert result.counts == (RuleCount(rule_id="E1", engine="fake", looked_at=7, failed=1, open=2),)
    assert result.inputs == ("t.json", "u.json")
    assert result.by_template["t.json"] == (ANSWER.findings, ANSWER.counts)
    assert result.by_template["u.json"] == ((), other.counts)


def test_the_order_of_engines_and_templates_changes_nothing_that_is_reported() -> None:
    answers = {"t.json": ANSWER, "u.json": EngineAnswer(findings=(finding("E2", template_file="u.json"),))}
    templates = [template("t.json"), template("u.json")]
    engines = [FakeEngine(answers, name=name) for name in ("a", "b")]
    one = scan(templates, engines, store=None, waivers=[], on=TODAY)
    other = scan(templates[::-1], engines[::-1], store=None, waivers=[], on=TODAY)
    assert (one.findings, one.counts, one.notifications, one.inputs) == (
        other.findings,
        other.counts,
        other.notifications,
        other.inputs,
    )


def test_a_control_that_is_not_waivable_stays_violated_and_says_so() -> None:
    kept = Control(id="C", title="c", waivable=False)
    engine = FakeEngine({"t.json": EngineAnswer(findings=(finding(stack_name=None, template_file="t.json"),))})
    given = waiver(stack="t.json")
    result = scan([template()], [engine], store=None, waivers=[given], on=TODAY, controls={"E1": kept})
    assert result.findings[0].suppression is None
    assert [each.message for each in result.notifications] == [
        "the waiver of E1 at Topic in t.json (owner: platform) was not heeded: the control C is not waivable"
    ]
