"""The tables of the audit store, for SQLite and PostgreSQL, and the migrations between their versions.

This module and its siblings `sql_*` load SQLAlchemy; `sql_url` reports when it is not installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    insert,
    inspect,
    select,
    update,
)

from stackproof.core.errors import StoreError

__all__ = [
    "ALARMS",
    "EPISODES",
    "FIRST_VERSION",
    "MIGRATIONS",
    "RECORDS",
    "RUNS",
    "STORE",
    "Migration",
    "create_or_migrate",
    "schema_version",
]

Migration = Callable[[Connection], None]
"""Takes a store from one schema version to the next, in the transaction of the caller."""

FIRST_VERSION: Final = 7
"""The schema below. Versions 1 to 6 were never released, and no migration from them exists."""

MIGRATIONS: Final[tuple[Migration, ...]] = ()
"""From FIRST_VERSION on, in order. A migration that was released is never changed."""


class _Moment(TypeDecorator[datetime]):
    """A moment as text in UTC, with microseconds: texts sort as the moments do."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        del dialect
        return value.astimezone(UTC).isoformat(timespec="microseconds") if value is not None else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401
        del dialect
        return datetime.fromisoformat(value) if value is not None else None


class _Document(TypeDecorator[Any]):
    """JSON as ASCII text: a database takes neither half a surrogate pair nor, some of them, a zero byte."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ANN401
        del dialect
        return json.dumps(value, sort_keys=True, separators=(",", ":")) if value is not None else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:  # noqa: ANN401
        del dialect
        return json.loads(value) if value is not None else None


_METADATA: Final = MetaData()

STORE: Final = Table(
    "stackproof_store",
    _METADATA,
    Column("version", Integer, nullable=False),
    Column("salt", Text, nullable=False),
    Column("next_run", Integer, nullable=False),
)
"""One row."""

RUNS: Final = Table(
    "stackproof_runs",
    _METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("target", Text, nullable=False),
    Column("against", Text, nullable=False),
    Column("started_at", _Moment, nullable=False),
    Column("ended_at", _Moment),
    Column("tool", Text, nullable=False),
    Column("scope", _Document, nullable=False),
    Column("outcome", _Document),
)

RECORDS: Final = Table(
    "stackproof_records",
    _METADATA,
    Column("run", Integer, ForeignKey("stackproof_runs.number", ondelete="CASCADE"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("stack", Text, primary_key=True),
    Column("filters", Text, nullable=False),
    Column("document", _Document, nullable=False),
    Index("stackproof_records_stack", "account", "region", "stack", "run"),
)

EPISODES: Final = Table(
    "stackproof_episodes",
    _METADATA,
    Column("target", Text, primary_key=True),
    Column("against", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("first_run", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("stack", Text, nullable=False),
    Column("first_seen_at", _Moment, nullable=False),
    Column("last_run", Integer, nullable=False),
    Column("last_seen_at", _Moment, nullable=False),
    Column("changed_at", _Moment),
    Column("resolved_run", Integer),
    Column("resolved_at", _Moment),
    Column("scopes", _Document, nullable=False),
    Column("document", _Document, nullable=False),
    Index("stackproof_episodes_stack", "target", "against", "account", "region", "stack"),
)
Index(
    "stackproof_episodes_open",
    EPISODES.c.target,
    EPISODES.c.against,
    EPISODES.c.fingerprint,
    unique=True,
    sqlite_where=EPISODES.c.resolved_run.is_(None),
    postgresql_where=EPISODES.c.resolved_run.is_(None),
)

ALARMS: Final = Table(
    "stackproof_alarms",
    _METADATA,
    Column("channel", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("against", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("first_run", Integer, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("reserved_at", _Moment, nullable=False),
    Column("delivered_at", _Moment),
    ForeignKeyConstraint(
        ["target", "against", "fingerprint", "first_run"],
        [EPISODES.c.target, EPISODES.c.against, EPISODES.c.fingerprint, EPISODES.c.first_run],
        ondelete="CASCADE",
    ),
)
"""Differences, each with its live value, that a run has reserved for a channel; `delivered_at` once it has them."""


def schema_version(connection: Connection, *, current: int) -> int | None:
    """The version of the store's tables, None without tables; raises StoreError for one that cannot be used."""
    if not inspect(connection).has_table(STORE.name):
        return None
    versions = connection.execute(select(STORE.c.version)).scalars().all()
    if len(versions) != 1:
        raise StoreError("is damaged: its schema version is missing")
    (version,) = versions
    if version > current:
        raise StoreError(
            f"was written by a newer stackproof (schema version {version}, this version knows {current}): "
            "update stackproof"
        )
    if version < FIRST_VERSION:
        raise StoreError(
            f"was written by an older stackproof (schema version {version}, this version knows {FIRST_VERSION} and "
            "later): move it away, or give another --store, to begin anew"
        )
    return int(version)


def create_or_migrate(connection: Connection, *, salt: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the tables to the current version. The caller holds the lock of the store, in one transaction."""
    current = FIRST_VERSION + len(migrations)
    version = schema_version(connection, current=current)
    if version is None:
        _METADATA.create_all(connection, checkfirst=False)
        connection.execute(insert(STORE).values(version=current, salt=salt, next_run=1))
    elif version < current:
        for migration in migrations[version - FIRST_VERSION :]:
            migration(connection)
        connection.execute(update(STORE).values(version=current))
