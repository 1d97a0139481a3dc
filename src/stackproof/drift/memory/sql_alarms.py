"""The rows of alarms: a run reserves differences for a channel, sends them, and marks them delivered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from stackproof.drift.episode import Episode, Run
from stackproof.drift.memory.sql_records import open_episodes, select_episodes
from stackproof.drift.memory.sql_schema import ALARMS, EPISODES

__all__ = ["copy_alarms", "mark_delivered", "pending_alarms", "release_alarms", "reserve_alarms"]

_RESERVED: Final = timedelta(hours=1)
"""A reservation that is older, and not delivered, counts as that of a crashed run."""


def reserve_alarms(connection: Connection, channel: str, run: Run, *, at: datetime) -> tuple[Episode, ...]:
    """Reserve for the channel what the run saw, no waiver covers, and no run has reserved or delivered."""
    connection.execute(
        delete(ALARMS).where(
            ALARMS.c.channel == channel, ALARMS.c.delivered_at.is_(None), ALARMS.c.reserved_at < at - _RESERVED
        )
    )
    query = select(ALARMS.c.fingerprint, ALARMS.c.first_run, ALARMS.c.value).where(
        ALARMS.c.channel == channel, ALARMS.c.target == run.target, ALARMS.c.against == run.against
    )
    known = {tuple(row) for row in connection.execute(query)}
    wanted = tuple(
        episode
        for episode in select_episodes(connection, *open_episodes(run), EPISODES.c.last_run == run.number)
        if episode.difference.suppression is None
        and (episode.fingerprint, episode.first_run, episode.value) not in known
    )
    if wanted:
        connection.execute(
            insert(ALARMS),
            [
                {
                    "channel": channel,
                    "target": run.target,
                    "against": run.against,
                    "fingerprint": episode.fingerprint,
                    "first_run": episode.first_run,
                    "value": episode.value,
                    "run": run.number,
                    "reserved_at": at,
                }
                for episode in wanted
            ],
        )
    return wanted


def pending_alarms(connection: Connection, channel: str, run: Run) -> int:
    """How many differences of the run other runs have reserved for the channel and not yet delivered."""
    same_episode = and_(
        *(ALARMS.c[name] == EPISODES.c[name] for name in ("target", "against", "fingerprint", "first_run"))
    )
    query = (
        select(func.count())
        .select_from(EPISODES.join(ALARMS, same_episode))
        .where(
            *open_episodes(run),
            EPISODES.c.last_run == run.number,
            ALARMS.c.channel == channel,
            ALARMS.c.run != run.number,
            ALARMS.c.delivered_at.is_(None),
        )
    )
    return connection.execute(query).scalar_one()


def mark_delivered(connection: Connection, channel: str, run: Run, *, at: datetime) -> None:
    """The channel has what the run reserved for it."""
    connection.execute(update(ALARMS).where(_reserved_by(channel, run)).values(delivered_at=at))


def release_alarms(connection: Connection, channel: str, run: Run) -> None:
    """The channel does not have it: the next run may reserve it."""
    connection.execute(delete(ALARMS).where(_reserved_by(channel, run)))


def copy_alarms(connection: Connection, run: Run, *, revealed: Iterable[Episode], lasting: Iterable[Episode]) -> None:
    """Whatever channel has a masked value counts as having the hash that is known for it now."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {episode.fingerprint: episode.value for episode in lasting}
    names = [column.name for column in ALARMS.columns]
    for episode in revealed:
        value = literal(values[episode.fingerprint])
        copied = select(*(value if name == "value" else ALARMS.c[name] for name in names)).where(
            ALARMS.c.target == run.target,
            ALARMS.c.against == run.against,
            ALARMS.c.fingerprint == episode.fingerprint,
            ALARMS.c.first_run == episode.first_run,
            ALARMS.c.value == episode.value,
        )
        connection.execute(dialect.insert(ALARMS).from_select(names, copied).on_conflict_do_nothing())


def _reserved_by(channel: str, run: Run) -> ColumnElement[bool]:
    return and_(ALARMS.c.channel == channel, ALARMS.c.run == run.number, ALARMS.c.delivered_at.is_(None))
