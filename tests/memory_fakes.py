"""A store of audits in memory, a notifier that only listens, and makers of what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from stackproof.core.errors import NotifyError, StoreError
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Alarm, Episode, Look, Memory, Place, Run
from stackproof.drift.memory.history import advanced, without_secrets
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location

NIGHT = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
PLACE = Place(account="123456789012", region="eu-west-1", stack_name="Net")
KEEP = timedelta(days=400)


def night(number: int) -> datetime:
    """Two o'clock, that many nights later."""
    return NIGHT + timedelta(days=number)


def run(number: int = 0, **fields: Any) -> Run:
    return Run(**{"number": number, "target": "aws", "against": "template", "began": night(number), **fields})


def difference(name: str = "Topic", path: str | None = "/DisplayName", **fields: Any) -> Difference:
    stack_name = fields.pop("stack_name", PLACE.stack_name)
    kind = fields.pop("resource_type", "AWS::SNS::Topic")
    return Difference(
        **{
            "account": PLACE.account,
            "region": PLACE.region,
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


def look(*differences: Difference, place: Place = PLACE, **fields: Any) -> Look:
    return Look(**{"place": place, "status": "MODIFIED", "differences": differences, **fields})


class FakeAuditStore:
    """Implements `ports.AuditStore` in lists; what is in `failing` is raised by every call."""

    def __init__(self) -> None:
        self.shown = "memory"
        self.failing: StoreError | None = None
        self._runs: list[Run] = []
        self._numbers = 0
        self._looks: dict[int, list[Look]] = {}
        self._episodes: dict[tuple[str, str], list[Episode]] = {}
        self._told: dict[tuple[str, str, str, str, int, str], tuple[int, datetime, bool]] = {}

    def begin(self, run: Run) -> Run:
        self._answer()
        self._numbers += 1
        self._runs.append(replace(run, number=self._numbers))
        return self._runs[-1]

    def withdraw(self, run: Run) -> None:
        self._answer()
        if any(known.number == run.number and known.ended is None for known in self._runs):
            self._runs = [known for known in self._runs if known.number != run.number]
            self._numbers -= self._numbers == run.number

    def record(self, run: Run, looks: Iterable[Look], *, ended: datetime, keep: timedelta) -> Memory:
        self._answer()
        track = (run.target, run.against)
        before = [
            earlier
            for earlier in self._runs
            if (earlier.target, earlier.against) == track and earlier.number < run.number
        ]
        kept = self._episodes.setdefault(track, [])
        steps = []
        for look in looks:
            seen = without_secrets(look, salt=self.salt())
            known = [episode for episode in kept if episode.place == look.place and episode.resolved is None]
            newer = [
                two
                for known in self._runs
                if (known.target, known.against) == track and known.number > run.number
                for two in self._looks.get(known.number, ())
                if two.place == look.place
            ]
            step = advanced(known, seen, run=run.number, at=run.began, newer=newer)
            self._looks.setdefault(run.number, []).append(seen)
            kept[:] = [episode for episode in kept if episode not in known]
            kept.extend((*step.new, *step.lasting, *step.resolved, *step.carried))
            steps.append(step)
            now = {episode.fingerprint: episode.value for episode in step.lasting}
            for episode in step.revealed:
                for name, said in list(self._told.items()):
                    if name[1:] == (*track, episode.fingerprint, episode.first_run, episode.value):
                        self._told.setdefault((*name[:5], now[episode.fingerprint]), said)
        done = replace(run, ended=ended)
        self._runs = [done if known.number == run.number else known for known in self._runs]
        self._runs = [
            known
            for known in self._runs
            if known.began >= run.began - keep or known.number == run.number or (known.target, known.against) != track
        ]
        kept[:] = [episode for episode in kept if episode.resolved is None or episode.resolved >= run.began - keep]
        return Memory(
            run=done,
            previous=max((run.number for run in before if run.ended), default=None),
            since={episode.fingerprint: episode.since for step in steps for episode in (*step.new, *step.lasting)},
            new=frozenset(episode.fingerprint for step in steps for episode in step.new),
            changed=frozenset(episode.fingerprint for step in steps for episode in step.changed),
            resolved=tuple(episode for step in steps for episode in step.resolved),
            carried=tuple(episode for step in steps for episode in step.carried),
        )

    def places(self, run: Run) -> Mapping[Place, frozenset[str]]:
        self._answer()
        found: dict[Place, set[str]] = {}
        for earlier in self._before(run):
            for look in self._looks.get(earlier.number, ()):
                found.setdefault(look.place, set()).add(look.filters)
        return {place: frozenset(chosen) for place, chosen in found.items() if place.stack_name}

    def seen(self, run: Run, place: Place) -> Look | None:
        self._answer()
        looks = [look for earlier in self._before(run) for look in self._looks.get(earlier.number, ())]
        return next((look for look in reversed(looks) if look.place == place and not look.is_blind), None)

    def _before(self, run: Run) -> list[Run]:
        track = (run.target, run.against)
        return [
            known
            for known in self._runs
            if (known.target, known.against) == track and known.ended and known.ended <= run.began
        ]

    def runs(self) -> tuple[Run, ...]:
        self._answer()
        return tuple(self._runs)

    def looks(self, number: int) -> tuple[Look, ...]:
        known = {run.number for run in self._runs}
        return tuple(sorted(self._looks.get(number, ()) if number in known else (), key=lambda look: look.place))

    def episodes(self, *, target: str, against: str) -> tuple[Episode, ...]:
        self._answer()
        return tuple(sorted(self._episodes.get((target, against), ()), key=Episode.sort_key))

    def claim(self, channel: str, run: Run, *, at: datetime) -> tuple[Episode, ...]:
        self._answer()
        stale = [name for name, (_, when, sent) in self._told.items() if not sent and when < at - timedelta(hours=1)]
        for name in stale:
            del self._told[name]
        found = []
        for episode in self.episodes(target=run.target, against=run.against):
            name = (channel, run.target, run.against, episode.fingerprint, episode.first_run, episode.value)
            is_open = (
                episode.resolved is None and episode.last_run == run.number and episode.difference.suppression is None
            )
            if is_open and name not in self._told:
                self._told[name] = (run.number, at, False)
                found.append(episode)
        return tuple(found)

    def held(self, channel: str, run: Run) -> int:
        self._answer()
        seen = {
            (channel, run.target, run.against, episode.fingerprint, episode.first_run)
            for episode in self.episodes(target=run.target, against=run.against)
            if episode.resolved is None and episode.last_run == run.number
        }
        return sum(
            name[:5] in seen and number != run.number and not sent for name, (number, _, sent) in self._told.items()
        )

    def told(self, channel: str, run: Run, *, at: datetime) -> None:
        for name, (number, _, _) in self._told.items():
            if name[0] == channel and number == run.number:
                self._told[name] = (number, at, True)

    def release(self, channel: str, run: Run) -> None:
        for name, (number, _, sent) in list(self._told.items()):
            if name[0] == channel and number == run.number and not sent:
                del self._told[name]

    def salt(self) -> str:
        self._answer()
        return "salt"

    def forget(self, stack_name: str, *, account: str | None = None, region: str | None = None) -> int:
        def is_meant(place: Place) -> bool:
            is_there = account in {None, place.account} and region in {None, place.region}
            return is_there and f"{place.stack_name}/".startswith(f"{stack_name}/")

        count = sum(is_meant(known.place) for look in self._looks.values() for known in look)
        for look in self._looks.values():
            look[:] = [known for known in look if not is_meant(known.place)]
        for kept in self._episodes.values():
            kept[:] = [episode for episode in kept if not is_meant(episode.place)]
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
        self.heard: list[Alarm] = []

    def send(self, alarm: Alarm) -> None:
        if self.fails:
            raise NotifyError(f"{self.shown} is away")
        self.heard.append(alarm)
