"""A scan asks every engine about every template once, remembers whole answers, and says what broke."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonObject
from stackproof.core.notification import Level, Notification
from stackproof.policy.baseline import key_of
from stackproof.policy.baseline_file import Baseline
from stackproof.policy.control import Control
from stackproof.policy.finding import EngineAnswer, Kind, RuleCount, SuppressionKind
from stackproof.policy.ledger import WaiverState
from stackproof.policy.scan import baselined, scan
from stackproof.policy.scan_result import ScanResult, remember_result, remembered_result
from stackproof.policy.waivers import Ledger
from stackproof.template.location import SourceLine
from stackproof.template.template import Template
from tests.fakes import TODAY, FakeEngine, FakeStore, finding, in_source_waiver, resource, template, waiver

ANSWER = EngineAnswer(
    findings=(finding(),),
    counts=(RuleCount(rule_id="E1", engine="fake", looked_at=3, failed=1),),
    notifications=(Notification(level=Level.NOTE, message="an old list", engine="fake"),),
)


def scanned(
    *templates: Template, engine: FakeEngine, store: FakeStore | None = None, waived: bool = False
) -> ScanResult:
    return scan(templates, [engine], store=store, ledger=Ledger(waivers=(waiver(),) if waived else ()), on=TODAY)


def test_findings_counts_and_notifications_of_an_engine_come_through() -> None:
    result = scanned(template(stack_name="S"), engine=FakeEngine({"t.json": ANSWER}))
    assert (result.findings, result.counts) == (ANSWER.findings, ANSWER.counts)
    assert result.notifications == ANSWER.notifications
    assert (result.computed, result.cached, result.inputs) == (1, 0, ("t.json",))
    assert list(result.seconds) == ["fake"]


def test_without_engines_or_templates_nothing_is_found_and_nothing_computed() -> None:
    assert scan([template()], [], store=None, on=TODAY).computed == 0
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
        def evaluate(self, template: Template) -> EngineAnswer:
            raise RuntimeError(template.file)

    (said,) = scanned(template(), engine=Surprised()).notifications
    assert (said.level, said.message, said.file) == (Level.ERROR, "RuntimeError: t.json", "t.json")


def test_a_wrong_file_of_rules_stops_the_scan() -> None:
    class Misconfigured(FakeEngine):
        def evaluate(self, template: Template) -> EngineAnswer:
            raise ConfigError(f"rules.guard: {template.file}")

    with pytest.raises(ConfigError, match=r"rules\.guard"):
        scanned(template(), engine=Misconfigured())


@pytest.mark.parametrize("remembered", [{}, [], "text", {"findings": 3, "counts": [], "notifications": []}])
def test_an_answer_of_another_form_is_not_an_answer(remembered: object) -> None:
    store = FakeStore()
    scanned(template(), engine=FakeEngine({"t.json": ANSWER}), store=store)
    ((kind, key),) = store.kept
    store.put(kind, key, remembered)  # type: ignore[arg-type]
    result = scanned(template(), engine=FakeEngine({"t.json": ANSWER}), store=store)
    assert (result.findings, result.cached) == (ANSWER.findings, 0)


class StuckEngine(FakeEngine):
    """Does not answer before it is closed."""

    def __init__(self) -> None:
        super().__init__(name="stuck")
        self.asked, self._freed = threading.Event(), threading.Event()

    def evaluate(self, template: Template) -> EngineAnswer:
        self.asked.set()
        self._freed.wait()
        return super().evaluate(template)

    def close(self) -> None:
        super().close()
        self._freed.set()


def test_whoever_gives_up_on_a_scan_does_not_wait_for_engines_that_are_stuck() -> None:
    """The same holds for Ctrl-C."""
    stuck = StuckEngine()

    class Wrong(FakeEngine):
        def evaluate(self, template: Template) -> EngineAnswer:
            stuck.asked.wait()
            raise ConfigError(f"rules.yaml: wrong for {template.file}")

    with pytest.raises(ConfigError, match="wrong for a"):
        scan([template("a"), template("b")], [Wrong(), stuck], on=TODAY)
    assert stuck.closed > 0
    assert stuck.judged == ["a"]


ABOUT_WAIVERS = tuple(
    RuleCount(rule_id=rule, engine="stackproof", looked_at=1)
    for rule in ("SPW001", "SPW002", "SPW003", "SPW005", "SPW006")
)


def test_waivers_are_applied_after_the_cache_and_what_they_cover_no_longer_failed() -> None:
    store, held = FakeStore(), template(stack_name="S")
    scanned(held, engine=FakeEngine({"t.json": ANSWER}), store=store)
    result = scanned(held, engine=FakeEngine(), store=store, waived=True)
    assert result.findings[0].suppression is not None
    count = replace(ANSWER.counts[0], failed=0, waived=1)
    assert result.counts == (count, *ABOUT_WAIVERS)
    assert result.by_template["t.json"] == (result.findings, (count,))
    assert [(waiver.state, waiver.covers) for waiver in result.waivers] == [(WaiverState.ACTIVE, 1)]


def test_what_was_open_and_is_waived_is_no_longer_open() -> None:
    answer = EngineAnswer(
        findings=(finding(kind=Kind.OPEN),), counts=(RuleCount(rule_id="E1", engine="fake", looked_at=3, open=2),)
    )
    result = scanned(template(stack_name="S"), engine=FakeEngine({"t.json": answer}), waived=True)
    assert result.counts[0] == RuleCount(rule_id="E1", engine="fake", looked_at=3, open=1, waived=1)


def test_a_waived_finding_without_a_template_of_the_run_is_in_no_count() -> None:
    answer = replace(ANSWER, findings=(finding(template_file=None),))
    result = scanned(template(stack_name="S"), engine=FakeEngine({"t.json": answer}), waived=True)
    assert result.counts == (*ANSWER.counts, *ABOUT_WAIVERS)


def test_what_broke_is_said_before_the_waivers_and_no_waiver_is_called_useless_then() -> None:
    engine = FakeEngine({"t.json": None})
    assert scanned(template(stack_name="S"), engine=engine, waived=True).findings == ()
    idle = scanned(template(stack_name="S"), engine=FakeEngine(), waived=True)
    assert [finding.rule_id for finding in idle.findings] == ["SPW002"]
    assert idle.notifications == ()


def test_a_waiver_is_of_use_if_any_template_of_the_run_needs_it() -> None:
    held = [template(stack_name="S"), template("u.json", stack_name="T")]
    assert scanned(*held, engine=FakeEngine({"t.json": ANSWER}), waived=True).waivers[0].state is WaiverState.ACTIVE


def silenced(metadata: JsonObject) -> Template:
    return template("t.json", resource(body={"Type": "AWS::SNS::Topic", "Metadata": metadata}), stack_name="S")


def test_what_a_template_silences_is_waived_counted_and_listed() -> None:
    answer = EngineAnswer(
        findings=(finding("CKV_1", engine="checkov"),),
        counts=(RuleCount(rule_id="CKV_1", engine="checkov", looked_at=1, failed=1),),
    )
    held = silenced({"checkov": {"skip": [{"id": "CKV_1", "comment": "why"}]}})
    result = scanned(held, engine=FakeEngine({"t.json": answer}, name="checkov"))
    assert result.findings[0].suppression is not None
    assert result.findings[0].suppression.kind is SuppressionKind.IN_SOURCE
    assert (result.counts[0].failed, result.counts[0].waived) == (0, 1)
    assert [(waiver.source, waiver.rule, waiver.covers) for waiver in result.waivers] == [("checkov", "CKV_1", 1)]


def test_what_would_silence_and_is_not_heeded_is_a_note() -> None:
    (note,) = scanned(silenced({"cfn_nag": {}}), engine=FakeEngine()).notifications
    assert (note.level, note.file) == (Level.NOTE, "t.json")
    assert note.message.startswith("Resources.Topic.Metadata.cfn_nag would silence rules and was not heeded")


def test_what_an_app_acknowledges_is_waived_but_not_what_is_not_waivable() -> None:
    told = (in_source_waiver(source="cdk", engines=frozenset({"fake"})),)
    for protected in (frozenset[str](), frozenset({"E1"})):
        result = scan(
            [template(stack_name="S")],
            [FakeEngine({"t.json": ANSWER})],
            on=TODAY,
            ledger=Ledger(in_source=told, not_waivable=protected),
        )
        assert (result.findings[0].suppression is None) == bool(protected)


# --- baselines


def held_against(baseline: Baseline, *, broken: bool = False) -> ScanResult:
    """A finding in `t.json`, compared with a baseline; `broken` adds a template that the engine breaks on."""
    engine = FakeEngine({"t.json": ANSWER, "bad.json": None})
    held = [template(stack_name="S"), *([template("bad.json")] if broken else [])]
    result = scan(held, [engine], on=TODAY)
    return baselined(result, baseline, name="b.json", not_waivable=frozenset())


def test_what_is_in_the_baseline_no_longer_counts_as_failed() -> None:
    result = held_against({key_of(finding()): 1})
    (one,) = result.findings
    assert one.suppression is not None
    assert one.suppression.kind is SuppressionKind.BASELINE
    count = replace(ANSWER.counts[0], failed=0, waived=1)
    assert result.counts == (count,)
    assert result.by_template["t.json"] == ((one,), (count,))
    assert result.notifications == ANSWER.notifications


def test_what_is_not_in_the_baseline_fails_as_before() -> None:
    result = held_against({})
    assert (result.findings, result.counts) == (ANSWER.findings, ANSWER.counts)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 entry of the baseline is fixed: rewrite it (--write-baseline)"),
        (3, "3 entries of the baseline are fixed: rewrite it (--write-baseline)"),
    ],
)
def test_what_is_fixed_is_said(size: int, text: str) -> None:
    result = held_against({key_of(finding()): 1, key_of(finding("E9")): size})
    assert [notification for notification in result.notifications if notification.file == "b.json"] == [
        Notification(level=Level.WARNING, message=text, file="b.json")
    ]


def test_nothing_is_called_fixed_where_something_broke_or_no_one_looked() -> None:
    old = {key_of(finding("E9")): 1}
    assert not [
        notification for notification in held_against(old, broken=True).notifications if notification.file == "b.json"
    ]
    elsewhere = {key_of(finding("E9", stack_name="Other")): 1}
    assert not [notification for notification in held_against(elsewhere).notifications if notification.file == "b.json"]


def test_the_result_of_a_whole_run_is_remembered_for_its_key_alone() -> None:
    store, engine = FakeStore(), FakeEngine({"t.json": ANSWER})
    result = scan([template()], [engine], store=store, ledger=Ledger(waivers=(waiver(),)), on=TODAY)
    remember_result(store, "place", "key", result)
    known = remembered_result(store, "place", "key")
    assert known is not None
    assert known == replace(result, by_template={}, seconds={}, cached=1, computed=0)
    assert known.is_cached
    assert known.waivers
    assert remembered_result(store, "place", "other") is None
    assert remembered_result(store, "elsewhere", "key") is None


@pytest.mark.parametrize("damaged", [{}, {"result": 1}, {"result": {"findings": [{}]}}])
def test_a_damaged_result_is_none(damaged: JsonObject) -> None:
    store = FakeStore()
    store.put("check", "place", {"key": "key", **damaged})
    assert remembered_result(store, "place", "key") is None


def test_a_run_in_which_an_engine_broke_is_not_remembered_and_one_with_a_bad_file_is() -> None:
    store = FakeStore()
    for engine, known in (("fake", False), (None, True)):
        said = Notification(level=Level.ERROR, message="m", engine=engine)
        remember_result(store, "place", "key", ScanResult(notifications=(said,)))
        assert (remembered_result(store, "place", "key") is not None) == known


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
    result = scan([template()], engines, store=None, on=TODAY, controls={"E1": Control(id="C", title="c")})
    assert [origin.engine for origin in result.findings[0].origins] == ["one", "two"]
    assert [count.engine for count in result.counts] == ["one", "two"]
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
    one = scan(templates, engines, store=None, on=TODAY)
    other = scan(templates[::-1], engines[::-1], store=None, on=TODAY)
    assert (one.findings, one.counts, one.notifications, one.inputs) == (
        other.findings,
        other.counts,
        other.notifications,
        other.inputs,
    )


def test_any_number_of_processes_gives_the_same_result() -> None:
    held = [replace(template(stack_name="S"), file=f"{number}.json") for number in range(40)]
    answers = {template.file: replace(ANSWER, findings=()) for template in held}
    alone = scan(held, [FakeEngine(answers)], on=TODAY)
    engine = FakeEngine({**answers, "7.json": None})
    together = scan(held, [engine], on=TODAY, jobs=3)
    assert sorted(engine.judged) == sorted(template.file for template in held)
    assert scan(held, [FakeEngine(answers)], on=TODAY, jobs=3).counts == alone.counts
    assert [notification.file for notification in together.notifications if notification.level is Level.ERROR] == [
        "7.json"
    ]
    assert together.computed == len(held)


def test_names_with_several_templates_are_told_and_remembered() -> None:
    held = [
        template("eu.json", stack_name="S"),
        template("us.json", stack_name="S"),
        template("inner.json", stack_name="S/Inner"),
        template("t.json", stack_name="T"),
        template("u.json"),
    ]
    result = scan(held, [FakeEngine()], on=TODAY)
    assert result.shared_names == ("S", "S/Inner")
    assert ScanResult.from_dict(result.to_dict()).shared_names == result.shared_names
    assert scan(held[1:], [FakeEngine()], on=TODAY).shared_names == ()
    assert scan([held[0], held[0]], [FakeEngine()], on=TODAY).shared_names == ()


def test_a_baseline_is_held_against_each_template_of_a_name() -> None:
    held = [template(f"{name}.json", stack_name="S") for name in ("eu", "us")]
    answers = {template.file: EngineAnswer(findings=(finding(template_file=template.file),)) for template in held}
    result = scan(held, [FakeEngine(answers=answers)], on=TODAY)
    old = {key_of(finding(template_file="eu.json"), shared_names={"S"}): 1}
    compared = baselined(result, old, name="baseline.json", not_waivable=frozenset())
    left = [finding.location.template_file for finding in compared.findings if finding.suppression is None]
    assert left == ["us.json"]


SECRETIVE = template("t.json", resource("Login", "T", body={"Type": "T", "Properties": {"Password": "it's\nhunter2"}}))


class Quoting(FakeEngine):
    """Breaks, and quotes what it broke on."""

    def evaluate(self, template: Template) -> EngineAnswer:
        raise ValueError(repr(template.body))


def test_an_engine_that_breaks_quotes_no_secret() -> None:
    (said,) = scanned(SECRETIVE, engine=Quoting()).notifications
    assert "ValueError" in said.message
    assert "hunter2" not in said.message
    assert "***" in said.message


def test_the_store_is_given_masks_alone() -> None:
    store = FakeStore()
    messages = ("it's\\nhunter2 is short", "'Server=db;Password=hunter2' is long", "fine")
    answer = EngineAnswer(findings=tuple(finding(f"E{n}", message=said) for n, said in enumerate(messages)))
    result = scanned(SECRETIVE, engine=FakeEngine({"t.json": answer}), store=store)
    assert "hunter2" not in str(store.kept)
    assert [finding.message for finding in result.findings] == [
        "*** is short",
        "'Server=db;Password=*** is long",
        "fine",
    ]
