"""The memory of audits, in a SQLite file or in PostgreSQL: implements `ports.AuditStore` with SQLAlchemy.

Whoever writes holds the one lock of the store, for one transaction: a run is recorded whole or not at all, also if the
process is killed meanwhile, and two at once come one after another.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackproof.core.errors import ConfigError, StoreError
from stackproof.core.file_store import ignore_in_git
from stackproof.drift.difference import Difference
from stackproof.drift.episode import Episode, Look, Memory, Outcome, Place, Run, RunPlace
from stackproof.drift.memory.history import Step, advanced, without_secrets
from stackproof.drift.memory.sql_schema import CURRENT, as_document, migrate, version_of

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

__all__ = ["LOCK", "SqlAuditStore"]

_DRIVERS: Final = ("sqlite", "postgresql+psycopg")
LOCK: Final = 23_534_735_375
"""The number of the advisory lock that whoever writes holds, in a database of PostgreSQL."""
_CONNECT_SECONDS: Final = 10
_CLAIM: Final = timedelta(hours=1)
"""After that a run that was about to tell something, and has not said that it did, counts as crashed."""
_HELD: Final = (
    "SELECT count(*) FROM stackproof_episodes e JOIN stackproof_told t ON t.target = e.target AND t.against = e.against"
    " AND t.fingerprint = e.fingerprint AND t.first_run = e.first_run"
    " AND t.channel = :channel AND t.run <> :run AND t.sent IS NULL"
)
_EPISODE: Final = (
    "SELECT e.document, e.since, e.first_run, e.last_seen, e.last_run, e.scopes, e.changed, e.resolved, e.resolved_run"
    " FROM stackproof_episodes e"
)
_RUN: Final = "SELECT number, target, against, began, ended, tool, place, outcome FROM stackproof_runs"
_BEFORE: Final = (
    "FROM stackproof_looks l JOIN stackproof_runs r ON r.number = l.run"
    " WHERE r.target = :target AND r.against = :against AND r.ended <= :began"
)
"""Looks of runs that had ended when this one began: what others saw meanwhile may have come since it made its list."""
_AT: Final = "e.target = :target AND e.against = :against"


class SqlAuditStore:
    """A store at a URL of SQLAlchemy. It is made by the first run that is recorded in it.

    The path of a file is relative to `folder`. For `lock_timeout` seconds it waits for a lock that another run holds.
    """

    def __init__(self, url: str, *, folder: Path = Path(), lock_timeout: float = 30.0) -> None:
        self._url = _parsed(url, folder)
        self._lock_timeout = lock_timeout
        self.shown = self._url.render_as_string(hide_password=True)

    # -- what the port says

    def begin(self, run: Run) -> Run:
        with self._writing() as connection:
            number = int(_one(connection, "SELECT next_run FROM stackproof_store")[0])
            _execute(connection, "UPDATE stackproof_store SET next_run = :next", next=number + 1)
            _execute(
                connection,
                "INSERT INTO stackproof_runs (number, target, against, began, tool, place)"
                " VALUES (:number, :target, :against, :began, :tool, :place)",
                number=number,
                target=run.target,
                against=run.against,
                began=_text(run.began),
                tool=run.tool,
                place=as_document(run.place.to_dict()),
            )
        return replace(run, number=number)

    def withdraw(self, run: Run) -> None:
        with self._writing() as connection:
            track = {"number": run.number}
            _execute(connection, "DELETE FROM stackproof_runs WHERE number = :number AND ended IS NULL", **track)
            # The number is given again, unless another run has begun since.
            _execute(
                connection,
                "UPDATE stackproof_store SET next_run = :number WHERE next_run = :number + 1"
                " AND NOT EXISTS (SELECT 1 FROM stackproof_runs WHERE number = :number)",
                **track,
            )

    def record(self, run: Run, looks: Iterable[Look], *, ended: datetime, keep: timedelta) -> Memory:
        with self._writing() as connection:
            salt = str(_one(connection, "SELECT salt FROM stackproof_store")[0])
            track = {"target": run.target, "against": run.against}
            row = _one(
                connection,
                "SELECT max(number) FROM stackproof_runs WHERE target = :target AND against = :against"
                " AND number < :number AND ended IS NOT NULL",
                **track,
                number=run.number,
            )
            steps = [_recorded(connection, run, without_secrets(look, salt=salt)) for look in looks]
            _execute(
                connection,
                "UPDATE stackproof_runs SET ended = :ended, outcome = :outcome WHERE number = :number",
                ended=_text(ended),
                outcome=as_document(run.outcome.to_dict()) if run.outcome else None,
                number=run.number,
            )
            _pruned(connection, run, before=run.began - keep)
        return Memory(
            run=replace(run, ended=ended),
            previous=row[0],
            since={episode.fingerprint: episode.since for step in steps for episode in (*step.new, *step.lasting)},
            new=frozenset(episode.fingerprint for step in steps for episode in step.new),
            changed=frozenset(episode.fingerprint for step in steps for episode in step.changed),
            resolved=tuple(episode for step in steps for episode in step.resolved),
            carried=tuple(episode for step in steps for episode in step.carried),
        )

    def places(self, run: Run) -> Mapping[Place, frozenset[str]]:
        with self._reading() as connection:
            if connection is None:
                return {}
            sql = f"SELECT DISTINCT l.account, l.region, l.stack, l.filters {_BEFORE} AND l.stack <> :none"
            sql += " AND l.is_settled = 0"
            found: dict[Place, set[str]] = {}
            for account, region, stack, filters in _execute(connection, sql, **_before(run), none=""):
                place = Place(account=account, region=region, stack_name=stack)
                found.setdefault(place, set()).add(filters)
            return {place: frozenset(chosen) for place, chosen in found.items()}

    def seen(self, run: Run, place: Place) -> Look | None:
        with self._reading() as connection:
            if connection is None:
                return None
            sql = (
                f"SELECT l.document {_BEFORE} AND l.account = :account AND l.region = :region AND l.stack = :stack"
                " ORDER BY l.run DESC"
            )
            rows = _execute(connection, sql, **_before(run), **_columns(place))
            found = (Look.from_dict(json.loads(row[0])) for row in rows)
            return next((look for look in found if not look.is_blind), None)

    def runs(self) -> tuple[Run, ...]:
        with self._reading() as connection:
            if connection is None:
                return ()
            return tuple(_run(element) for element in _execute(connection, f"{_RUN} ORDER BY number").all())

    def looks(self, number: int) -> tuple[Look, ...]:
        with self._reading() as connection:
            if connection is None:
                return ()
            sql = "SELECT document FROM stackproof_looks WHERE run = :number ORDER BY account, region, stack"
            found = _execute(connection, sql, number=number).all()
            return tuple(
                sorted((Look.from_dict(json.loads(element[0])) for element in found), key=lambda look: look.place)
            )

    def episodes(self, *, target: str, against: str) -> tuple[Episode, ...]:
        with self._reading() as connection:
            if connection is None:
                return ()
            return _episodes(_execute(connection, f"{_EPISODE} WHERE {_AT}", target=target, against=against).all())

    def claim(self, channel: str, run: Run, *, at: datetime) -> tuple[Episode, ...]:
        with self._writing() as connection:
            track = {"target": run.target, "against": run.against}
            _execute(
                connection,
                "DELETE FROM stackproof_told WHERE channel = :channel AND sent IS NULL AND claimed < :stale",
                channel=channel,
                stale=_text(at - _CLAIM),
            )
            sql = f"{_EPISODE} WHERE {_AT} AND e.last_run = :run AND e.resolved IS NULL"
            found = _episodes(_execute(connection, sql, **track, run=run.number).all())
            sql = (
                "SELECT fingerprint, first_run, value FROM stackproof_told"
                " WHERE channel = :channel AND target = :target AND against = :against"
            )
            known = {tuple(element) for element in _execute(connection, sql, **track, channel=channel)}
            wanted = tuple(
                episode
                for episode in found
                if episode.difference.suppression is None
                and (episode.fingerprint, episode.first_run, episode.value) not in known
            )
            for episode in wanted:
                _execute(
                    connection,
                    "INSERT INTO stackproof_told"
                    " (channel, target, against, fingerprint, first_run, value, run, claimed)"
                    " VALUES (:channel, :target, :against, :fingerprint, :first_run, :value, :run, :claimed)",
                    **track,
                    channel=channel,
                    fingerprint=episode.fingerprint,
                    first_run=episode.first_run,
                    value=episode.value,
                    run=run.number,
                    claimed=_text(at),
                )
            return wanted

    def held(self, channel: str, run: Run) -> int:
        with self._reading() as connection:
            if connection is None:
                return 0
            sql = f"{_HELD} WHERE {_AT} AND e.last_run = :run AND e.resolved IS NULL"
            track = {"target": run.target, "against": run.against}
            return int(_one(connection, sql, **track, channel=channel, run=run.number)[0])

    def told(self, channel: str, run: Run, *, at: datetime) -> None:
        with self._writing() as connection:
            sql = "UPDATE stackproof_told SET sent = :at WHERE channel = :channel AND run = :run AND sent IS NULL"
            _execute(connection, sql, channel=channel, run=run.number, at=_text(at))

    def release(self, channel: str, run: Run) -> None:
        with self._writing() as connection:
            sql = "DELETE FROM stackproof_told WHERE channel = :channel AND run = :run AND sent IS NULL"
            _execute(connection, sql, channel=channel, run=run.number)

    def salt(self) -> str:
        with self._writing() as connection:
            return str(_one(connection, "SELECT salt FROM stackproof_store")[0])

    def forget(self, stack_name: str, *, account: str | None = None, region: str | None = None) -> int:
        with self._reading() as connection:
            if connection is None:
                return 0
        values = {
            "name": stack_name,
            "nested": f"{_escaped(stack_name)}/%",
            "account": account,
            "region": region,
        }
        with self._writing() as connection:
            _execute(
                connection,
                "DELETE FROM stackproof_episodes WHERE (stack = :name OR stack LIKE :nested ESCAPE '!') "
                "AND account = COALESCE(:account, account) AND region = COALESCE(:region, region)",
                **values,
            )
            found = _execute(
                connection,
                "DELETE FROM stackproof_looks WHERE (stack = :name OR stack LIKE :nested ESCAPE '!') "
                "AND account = COALESCE(:account, account) AND region = COALESCE(:region, region)",
                **values,
            )
            return int(found.rowcount)

    # -- connections

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction that no other writer comes into, with tables of the current version."""
        from sqlalchemy import text

        with self._translated():
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                if self.file.parent.name == ".stackproof":
                    ignore_in_git(self.file.parent)
            with self._engine.connect().execution_options(stackproof_writes=True) as connection, connection.begin():
                if self.file is None:
                    connection.execute(text(f"SET LOCAL lock_timeout = '{round(self._lock_timeout * 1000)}ms'"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                migrate(connection, salt=secrets.token_hex(16))
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """One transaction that sees one state; None if nothing has been recorded yet."""
        if self.file is not None and not self.file.exists():
            yield None
            return
        with self._translated(), self._engine.connect() as connection, connection.begin():
            version = version_of(connection)
        if version == 0:
            yield None
            return
        if version < CURRENT:
            with self._writing():
                pass
        with self._translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @cached_property
    def file(self) -> Path | None:
        """The file of SQLite; None for a server."""
        return Path(str(self._url.database)) if self._url.get_backend_name() == "sqlite" else None

    @cached_property
    def _engine(self) -> Engine:
        from sqlalchemy import NullPool, create_engine, event

        if self.file is None:
            return create_engine(self._url, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS})
        timeout = {} if "timeout" in self._url.query else {"timeout": self._lock_timeout}
        engine = create_engine(self._url, poolclass=NullPool, connect_args=timeout)

        # Python's driver begins a transaction when it likes, and not for DDL; these two make it do what is said.
        @event.listens_for(engine, "connect")
        def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # what is written over is not left in the file

        @event.listens_for(engine, "begin")
        def begun(connection: Connection) -> None:
            writes = connection.get_execution_options().get("stackproof_writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the database says, as one line; what it holds that we cannot read is damage."""
        from sqlalchemy.exc import DatabaseError, SQLAlchemyError

        try:
            yield
        except StoreError as error:
            raise StoreError(f"the store of audits {self.shown} {error}") from error
        except DatabaseError as error:
            raise StoreError(f"the store of audits {self.shown} {_explained(str(error.orig))}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"the store of audits {self.shown} cannot be used: {_line(str(error))}") from error
        except OSError as error:
            raise StoreError(f"the store of audits {self.shown} cannot be written: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the store of audits {self.shown} is damaged: {_line(str(error))}") from error


def _parsed(url: str, folder: Path) -> URL:
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise ConfigError(
            "audits are remembered with SQLAlchemy: pip install 'stackproof[drift]', or give --no-store"
        ) from error
    try:
        found = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("the store of audits: expected sqlite:///FILE or postgresql+psycopg://HOST/NAME") from error
    if found.drivername == "postgresql":
        found = found.set(drivername="postgresql+psycopg")
    shown = found.render_as_string(hide_password=True)
    if found.drivername not in _DRIVERS or (found.drivername == "sqlite" and found.database in {None, "", ":memory:"}):
        raise ConfigError(
            f"the store of audits: expected sqlite:///FILE or postgresql+psycopg://HOST/NAME, not {shown}"
        )
    if found.drivername == "sqlite":
        found = found.set(database=str(folder / str(found.database)))
    else:
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise ConfigError(f"{shown} needs psycopg: pip install 'stackproof[postgres]'") from error
    return found


def _recorded(connection: Connection, run: Run, look: Look) -> Step:
    """The look, and the episodes of its place as they are after it."""
    place = _columns(look.place)
    track = {"target": run.target, "against": run.against}
    newer = _execute(
        connection,
        "SELECT l.document FROM stackproof_looks l JOIN stackproof_runs r ON r.number = l.run"
        " WHERE r.target = :target AND r.against = :against AND l.run > :run"
        " AND l.account = :account AND l.region = :region AND l.stack = :stack",
        **track,
        **place,
        run=run.number,
    ).all()
    _execute(
        connection,
        "INSERT INTO stackproof_looks (run, account, region, stack, document, filters)"
        " VALUES (:run, :account, :region, :stack, :document, :filters)",
        run=run.number,
        document=as_document(look.to_dict()),
        filters=look.filters,
        **place,
    )
    sql = f"{_EPISODE} WHERE {_AT} AND account = :account AND region = :region AND stack = :stack AND resolved IS NULL"
    known = _episodes(_execute(connection, sql, **track, **place).all())
    later = [Look.from_dict(json.loads(element[0])) for element in newer]
    step = advanced(known, look, run=run.number, at=run.began, newer=later)
    for episode in (*step.new, *step.lasting, *step.resolved):
        _write(connection, run, episode)
    now = {episode.fingerprint: episode.value for episode in step.lasting}
    for episode in step.revealed:
        _execute(
            connection,
            "INSERT INTO stackproof_told (channel, target, against, fingerprint, first_run, value, run, claimed, sent)"
            " SELECT channel, target, against, fingerprint, first_run, :now, run, claimed, sent FROM stackproof_told"
            " WHERE target = :target AND against = :against AND fingerprint = :fingerprint"
            " AND first_run = :first_run AND value = :was ON CONFLICT DO NOTHING",
            **track,
            fingerprint=episode.fingerprint,
            first_run=episode.first_run,
            was=episode.value,
            now=now[episode.fingerprint],
        )
    return step


def _write(connection: Connection, run: Run, episode: Episode) -> None:
    _execute(
        connection,
        "INSERT INTO stackproof_episodes (target, against, account, region, stack, fingerprint, first_run, since,"
        " last_run, last_seen, changed, resolved_run, resolved, scopes, document)"
        " VALUES (:target, :against, :account, :region, :stack, :fingerprint, :first_run, :since,"
        " :last_run, :last_seen, :changed, :resolved_run, :resolved, :scopes, :document)"
        " ON CONFLICT (target, against, fingerprint, first_run) DO UPDATE SET last_run = excluded.last_run,"
        " last_seen = excluded.last_seen, changed = excluded.changed, resolved_run = excluded.resolved_run,"
        " resolved = excluded.resolved, scopes = excluded.scopes, document = excluded.document",
        target=run.target,
        against=run.against,
        fingerprint=episode.fingerprint,
        first_run=episode.first_run,
        since=_text(episode.since),
        last_run=episode.last_run,
        last_seen=_text(episode.last_seen),
        changed=_text(episode.changed) if episode.changed else None,
        resolved_run=episode.resolved_run,
        resolved=_text(episode.resolved) if episode.resolved else None,
        scopes=as_document(list(episode.scopes)),
        document=as_document(episode.difference.to_dict()),
        **_columns(episode.place),
    )


def _pruned(connection: Connection, run: Run, *, before: datetime) -> None:
    """Forget runs like this one that are too old, and what was resolved too long ago. What is open stays."""
    track = {"target": run.target, "against": run.against, "old": _text(before)}
    _execute(
        connection,
        "DELETE FROM stackproof_runs"
        " WHERE target = :target AND against = :against AND began < :old AND number <> :number",
        **track,
        number=run.number,
    )
    _execute(
        connection,
        "DELETE FROM stackproof_episodes"
        " WHERE target = :target AND against = :against AND resolved IS NOT NULL AND resolved < :old",
        **track,
    )


def _episodes(rows: Sequence[Any]) -> tuple[Episode, ...]:
    found = [
        Episode(
            difference=Difference.from_dict(json.loads(document)),
            since=_time(since),
            first_run=first_run,
            last_seen=_time(last_seen),
            last_run=last_run,
            scopes=tuple(json.loads(scopes)),
            changed=_time(changed) if changed else None,
            resolved=_time(resolved) if resolved else None,
            resolved_run=resolved_run,
        )
        for document, since, first_run, last_seen, last_run, scopes, changed, resolved, resolved_run in rows
    ]
    return tuple(sorted(found, key=Episode.sort_key))


def _run(row: Sequence[Any]) -> Run:
    number, target, against, began, ended, tool, place, outcome = row
    return Run(
        number=number,
        target=target,
        against=against,
        began=_time(began),
        ended=_time(ended) if ended else None,
        tool=tool,
        place=RunPlace.from_dict(json.loads(place)),
        outcome=Outcome.from_dict(json.loads(outcome)) if outcome else None,
    )


def _execute(connection: Connection, sql: str, **values: Any) -> Any:  # noqa: ANN401 - rows of the driver
    from sqlalchemy import text

    return connection.execute(text(sql), values)


def _one(connection: Connection, sql: str, **values: Any) -> Sequence[Any]:  # noqa: ANN401
    row = _execute(connection, sql, **values).first()
    if row is None:
        raise StoreError("is damaged: a row is missing")
    return tuple(row)


def _before(run: Run) -> Mapping[str, str]:
    return {"target": run.target, "against": run.against, "began": _text(run.began)}


def _columns(place: Place) -> Mapping[str, str]:
    return {"account": place.account, "region": place.region, "stack": place.stack_name}


def _text(at: datetime) -> str:
    """A moment whose texts sort as the moments do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _escaped(name: str) -> str:
    return name.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def _explained(said: str) -> str:
    """What a database says, as the end of a sentence, with the remedy where one is known."""
    line = _line(said)
    if "locked" in line or "lock timeout" in line:
        return f"is locked by another run for too long ({line}): try again"
    if "malformed" in line or "not a database" in line or "disk image" in line:
        return f"is damaged ({line}): put a copy back, or move it away to begin anew"
    if "no such table" in line or "no such column" in line or "does not exist" in line:
        return f"is damaged or no store of audits ({line})"
    return f"cannot be used: {line}"
