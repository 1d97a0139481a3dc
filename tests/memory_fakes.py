"""A store of audits in memory, a notifier that only listens, and makers of what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from stackproof.core.errors import NotifyError, StoreError
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Alarm, Episode, Memory, Run, StackKey, StackRecord
from stackproof.drift.memory.history import advanced, hash_secrets
from stackproof.drift.report import DriftReport
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location

NIGHT = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
STACK = StackKey(account="123456789012", region="eu-west-1", stack_name="Net")
KEEP = timedelta(days=400)


def night(number: int) -> datetime:
    """Two o'clock, that many nights later."""
    return NIGHT + timedelta(days=number)


def run(number: int = 0, **fields: Any) -> Run:
    return Run(**{"number": number, "target": "aws", "against": "template", "started_at": night(number), **fields})


def difference(name: str = "Topic", path: str | None = "/DisplayName", **fields: Any) -> Difference:
    stack_name = fields.pop("stack_name", STACK.stack_name)
    kind = fields.pop("resource_type", "AWS::SNS::Topic")
    return Difference(
        **{
            "account": STACK.account,
            "region": STACK.region,
            "origin": DriftOrigin.DECLARED,
            "location": Location(stack_name=stack_name, logical_id=name, resource_type=kind, file="app.py", line=7),
            "physical_id": f"{name}-1",
            "status": DriftStatus.MODIFIED,
            "change": Change.NOT_EQUAL,
            "path": path,
            "expected": "a",
            "actual": "b",
            **fields,
        }
    )


def unmanaged(physical_id: str, resource_type: str = "AWS::SNS::Topic") -> Difference:
    return replace(
        difference(path=None, origin=DriftOrigin.UNMANAGED, change=Change.ADD, physical_id=physical_id),
        location=Location(resource_type=resource_type),
    )


def record(*differences: Difference, stack_key: StackKey = STACK, **fields: Any) -> StackRecord:
    return StackRecord(**{"stack_key": stack_key, "status": "MODIFIED", "differences": differences, **fields})


class FakeAuditStore:
    """Implements `ports.AuditStore` in lists; what is in `failing` is raised by every call."""

    def __init__(self) -> None:
        self.shown = "memory"
        self.failing: StoreError | None = None
        self._runs: list[Run] = []
        self._numbers = 0
        self._records: dict[int, list[StackRecord]] = {}
        self._episodes: dict[tuple[str, str], list[Episode]] = {}
        self._alarms: dict[tuple[str, str, str, str, int, str], tuple[int, datetime, bool]] = {}

    def begin(self, run: Run) -> Run:
        self._answer()
        self._numbers += 1
        self._runs.append(replace(run, number=self._numbers))
        return self._runs[-1]

    def withdraw(self, run: Run) -> None:
        self._answer()
        if any(known.number == run.number and known.ended_at is None for known in self._runs):
            self._runs = [known for known in self._runs if known.number != run.number]
            self._numbers -= self._numbers == run.number

    def record(self, run: Run, records: Iterable[StackRecord], *, ended_at: datetime, keep: timedelta) -> Memory:
        self._answer()
        track = (run.target, run.against)
        before = [
            earlier
            for earlier in self._runs
            if (earlier.target, earlier.against) == track and earlier.number < run.number
        ]
        kept = self._episodes.setdefault(track, [])
        steps = []
        for record in records:
            seen = hash_secrets(record, salt=self.salt())
            known = [episode for episode in kept if episode.stack_key == record.stack_key and episode.resolved is None]
            newer = [
                two
                for known in self._runs
                if (known.target, known.against) == track and known.number > run.number
                for two in self._records.get(known.number, ())
                if two.stack_key == record.stack_key
            ]
            step = advanced(known, seen, run=run.number, at=run.started_at, newer=newer)
            self._records.setdefault(run.number, []).append(seen)
            kept[:] = [episode for episode in kept if episode not in known]
            kept.extend((*step.new, *step.lasting, *step.resolved, *step.carried))
            steps.append(step)
            now = {episode.fingerprint: episode.value for episode in step.lasting}
            for episode in step.revealed:
                for name, state in list(self._alarms.items()):
                    if name[1:] == (*track, episode.fingerprint, episode.first_run, episode.value):
                        self._alarms.setdefault((*name[:5], now[episode.fingerprint]), state)
        done = replace(run, ended_at=ended_at)
        self._runs = [done if known.number == run.number else known for known in self._runs]
        self._runs = [
            known
            for known in self._runs
            if known.started_at >= run.started_at - keep
            or known.number == run.number
            or (known.target, known.against) != track
        ]
        kept[:] = [episode for episode in kept if episode.resolved is None or episode.resolved >= run.started_at - keep]
        return Memory(
            run=done,
            previous=max((run.number for run in before if run.ended_at), default=None),
            since={episode.fingerprint: episode.since for step in steps for episode in (*step.new, *step.lasting)},
            new=frozenset(episode.fingerprint for step in steps for episode in step.new),
            changed=frozenset(episode.fingerprint for step in steps for episode in step.changed),
            resolved=tuple(episode for step in steps for episode in step.resolved),
            carried=tuple(episode for step in steps for episode in step.carried),
        )

    def stack_keys(self, run: Run) -> Mapping[StackKey, frozenset[str]]:
        self._answer()
        found: dict[StackKey, set[str]] = {}
        for earlier in self._before(run):
            for record in self._records.get(earlier.number, ()):
                found.setdefault(record.stack_key, set()).add(record.filters)
        return {stack_key: frozenset(chosen) for stack_key, chosen in found.items() if stack_key.stack_name}

    def last_record(self, run: Run, stack_key: StackKey) -> StackRecord | None:
        self._answer()
        records = [record for earlier in self._before(run) for record in self._records.get(earlier.number, ())]
        return next(
            (record for record in reversed(records) if record.stack_key == stack_key and not record.is_unreadable), None
        )

    def _before(self, run: Run) -> list[Run]:
        track = (run.target, run.against)
        return [
            known
            for known in self._runs
            if (known.target, known.against) == track and known.ended_at and known.ended_at <= run.started_at
        ]

    def runs(self) -> tuple[Run, ...]:
        self._answer()
        return tuple(self._runs)

    def records(self, number: int) -> tuple[StackRecord, ...]:
        known = {run.number for run in self._runs}
        return tuple(
            sorted(self._records.get(number, ()) if number in known else (), key=lambda record: record.stack_key)
        )

    def episodes(self, *, target: str, against: str) -> tuple[Episode, ...]:
        self._answer()
        return tuple(sorted(self._episodes.get((target, against), ()), key=Episode.sort_key))

    def reserve(self, channel: str, run: Run, *, at: datetime) -> tuple[Episode, ...]:
        self._answer()
        stale = [name for name, (_, when, sent) in self._alarms.items() if not sent and when < at - timedelta(hours=1)]
        for name in stale:
            del self._alarms[name]
        found = []
        for episode in self.episodes(target=run.target, against=run.against):
            name = (channel, run.target, run.against, episode.fingerprint, episode.first_run, episode.value)
            is_open = (
                episode.resolved is None and episode.last_run == run.number and episode.difference.suppression is None
            )
            if is_open and name not in self._alarms:
                self._alarms[name] = (run.number, at, False)
                found.append(episode)
        return tuple(found)

    def pending(self, channel: str, run: Run) -> int:
        self._answer()
        seen = {
            (channel, run.target, run.against, episode.fingerprint, episode.first_run)
            for episode in self.episodes(target=run.target, against=run.against)
            if episode.resolved is None and episode.last_run == run.number
        }
        return sum(
            name[:5] in seen and number != run.number and not sent for name, (number, _, sent) in self._alarms.items()
        )

    def mark_delivered(self, channel: str, run: Run, *, at: datetime) -> None:
        for name, (number, _, _) in self._alarms.items():
            if name[0] == channel and number == run.number:
                self._alarms[name] = (number, at, True)

    def release(self, channel: str, run: Run) -> None:
        for name, (number, _, sent) in list(self._alarms.items()):
            if name[0] == channel and number == run.number and not sent:
                del self._alarms[name]

    def salt(self) -> str:
        self._answer()
        return "salt"

    def forget(self, stack_name: str, *, account: str | None = None, region: str | None = None) -> int:
        def is_meant(stack_key: StackKey) -> bool:
            is_there = account in {None, stack_key.account} and region in {None, stack_key.region}
            return is_there and f"{stack_key.stack_name}/".startswith(f"{stack_name}/")

        count = sum(is_meant(known.stack_key) for record in self._records.values() for known in record)
        for record in self._records.values():
            record[:] = [known for known in record if not is_meant(known.stack_key)]
        for kept in self._episodes.values():
            kept[:] = [episode for episode in kept if not is_meant(episode.stack_key)]
        return count

    def _answer(self) -> None:
        if self.failing is not None:
            raise self.failing


class FakeNotifier:
    """Implements `ports.Notifier`; while `fails` is set nothing arrives."""

    def __init__(self, channel: str = "fake:people") -> None:
        self.channel = channel
        self.shown = channel
        self.fails = False
        self.alarms: list[Alarm] = []

    def send(self, alarm: Alarm) -> None:
        if self.fails:
            raise NotifyError(f"{self.shown} is away")
        self.alarms.append(alarm)


def unwaived(report: DriftReport) -> DriftReport:
    """A project without waivers."""
    return report
