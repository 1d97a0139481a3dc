"""A store of audits as text: since when, what is new, what is resolved, and how two runs differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stackproof.drift.difference import Difference
from stackproof.drift.episode import Episode, Memory, Run, shown_time
from stackproof.drift.memory.report import Compared, DiffReport, HistoryReport
from stackproof.reporters.differences import Where, sentence, where_of
from stackproof.reporters.values import shown_value
from stackproof.reporters.wording import counted, folded, visible

__all__ = ["diff_text", "history_text", "memory_lines", "since_line"]


def since_line(memory: Memory | None, each: Difference) -> Iterator[str]:
    """The time since which a difference exists, if it is known."""
    since = memory.since.get(each.fingerprint) if memory else None
    if memory is None or since is None:
        return
    changed = ", with another value than the run before saw" if each.fingerprint in memory.changed else ""
    yield "    new" if each.fingerprint in memory.new else f"    since    {shown_time(since)}{changed}"


def memory_lines(memory: Memory | None, where: Where) -> Iterator[str]:
    """What is resolved since the run before, what could not be checked again, and this run's number."""
    if memory is None:
        return
    yield from (f"resolved: {_episode(episode, where)}" for episode in memory.resolved)
    yield from (f"not checked again: {_episode(episode, where)}" for episode in memory.carried)
    before = f"after run {memory.previous}" if memory.previous else "the first"
    carried = f", {len(memory.carried)} not checked again" if memory.carried else ""
    changed = f"{len(memory.changed)} changed, " if memory.changed else ""
    counts = f"{len(memory.new)} new, {changed}{len(memory.resolved)} resolved{carried}"
    yield f"run {memory.run.number} ({before}): {counts}"


def history_text(report: HistoryReport) -> str:
    """The runs, then the open differences, then the resolved ones."""
    lines = [line for run in report.runs for line in _run(run)]
    where = where_of((episode.stack_key.account, episode.stack_key.region) for _, episode in report.episodes)
    open_ones = [episode for _, episode in report.episodes if episode.resolved is None]
    done = [episode for _, episode in report.episodes if episode.resolved is not None]
    lines.extend(f"open: {_episode(episode, where)}" for episode in open_ones)
    lines.extend(
        f"resolved {shown_time(episode.resolved)}: {_episode(episode, where)}" for episode in done if episode.resolved
    )
    last = f"{counted(len(report.runs), 'run')} in {report.store}: {len(open_ones)} open, {len(done)} resolved"
    return _text(lines, last)


def diff_text(report: DiffReport) -> str:
    """What is new and what is resolved between two runs; what only one of them checked is listed apart."""
    found = report.compared
    where = where_of((difference.account, difference.region) for difference in found.differences)
    lines = [
        *_named("new", found.appeared, where),
        *_named("resolved", found.resolved, where),
        *(f"changed: {sentence(now, where)}: {_actual(was)} is now {_actual(now)}" for was, now in found.changed),
        *_named("checked by one of the two only", found.unknown, where),
    ]
    last = f"{_named_run(report.before)} and {_named_run(report.after)}: {_counts(found)}"
    return _text(lines, last)


def _actual(each: Difference) -> str:
    return shown_value(each.shown(each.actual))


def _named_run(each: Run) -> str:
    return f"run {each.number} ({shown_time(each.started_at)})"


def _counts(found: Compared) -> str:
    return (
        f"{len(found.appeared)} new, {len(found.resolved)} resolved, {len(found.changed)} changed, "
        f"{len(found.same)} the same, {len(found.unknown)} not comparable"
    )


def _named(word: str, found: Sequence[Difference], where: Where) -> Iterator[str]:
    yield from (f"{word}: {sentence(difference, where)}" for difference in found)


def _episode(each: Episode, where: Where) -> str:
    seen = f"since {shown_time(each.since)}, last seen {shown_time(each.last_seen)}"
    return f"{sentence(each.difference, where)} ({seen})"


def _run(each: Run) -> Iterator[str]:
    """Time and place of the run, then its result."""
    scope = each.scope
    where = f" {scope.account}/{scope.region}" if scope.account else f" fleet {scope.fleet}" if scope.fleet else ""
    against = ", against the assembly" if each.against == "assembly" else ""
    started_at, ended = shown_time(each.started_at), shown_time(each.ended_at) if each.ended_at else ""
    day = started_at.partition("T")[0]
    until = f" to {ended.removeprefix(f'{day}T')}" if ended else ""
    yield f"run {each.number}: {started_at}{until}, {each.target}{where}{against}"
    yield f"    {_outcome(each)}"
    if each.outcome is not None and each.outcome.earlier:
        yield f"    checked by an interrupted run: {each.outcome.earlier} of them"


def _outcome(each: Run) -> str:
    found = each.outcome
    if found is None:
        return "what came of it was not recorded" if each.ended_at else "did not finish"
    waived = f", {found.waived} waived" if found.waived else ""
    stacks = counted(found.stacks, "stack")
    share = f"saw {found.checked:.1f} % of {found.properties} properties" if found.properties else "no property is set"
    return f"{found.verdict}: {counted(found.differences, 'difference')}{waived}; {share} in {stacks}"


def _text(lines: Sequence[str], last: str) -> str:
    """The lines within a page, and a sum that stays one line."""
    return "\n".join((*(name for line in lines for name in folded(visible(line))), visible(last))) + "\n"
