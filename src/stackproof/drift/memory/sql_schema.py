"""The tables of the store of audits, version by version: plain SQL that SQLite and PostgreSQL both take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from stackproof.core.errors import StoreError
from stackproof.core.secret_values import MASK
from stackproof.drift.difference import Difference
from stackproof.drift.episode import Look, value_of
from stackproof.drift.memory.history import hash_of, with_hashes, without_secrets

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stackproof.core.json import JsonValue

__all__ = ["CURRENT", "MIGRATIONS", "as_document", "migrate", "version_of"]

MIGRATIONS: Final = (
    """
    CREATE TABLE stackproof_store (version INTEGER NOT NULL, salt TEXT NOT NULL, next_run INTEGER NOT NULL);
    CREATE TABLE stackproof_runs (
        number INTEGER NOT NULL PRIMARY KEY,
        target TEXT NOT NULL,
        against TEXT NOT NULL,
        began TEXT NOT NULL,
        ended TEXT
    );
    CREATE TABLE stackproof_looks (
        run INTEGER NOT NULL REFERENCES stackproof_runs (number) ON DELETE CASCADE,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        stack TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (run, account, region, stack)
    );
    CREATE INDEX stackproof_looks_place ON stackproof_looks (account, region, stack, run);
    CREATE TABLE stackproof_episodes (
        target TEXT NOT NULL,
        against TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        stack TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        first_run INTEGER NOT NULL,
        since TEXT NOT NULL,
        last_run INTEGER NOT NULL,
        last_seen TEXT NOT NULL,
        resolved_run INTEGER,
        resolved TEXT,
        scopes TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (target, against, fingerprint, first_run)
    );
    CREATE UNIQUE INDEX stackproof_episodes_open ON stackproof_episodes (target, against, fingerprint)
        WHERE resolved IS NULL;
    CREATE INDEX stackproof_episodes_place ON stackproof_episodes (target, against, account, region, stack)
    """,
    # What each channel has been told, and which program wrote a run.
    """
    CREATE TABLE stackproof_told (
        channel TEXT NOT NULL,
        target TEXT NOT NULL,
        against TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        first_run INTEGER NOT NULL,
        run INTEGER NOT NULL,
        claimed TEXT NOT NULL,
        sent TEXT,
        PRIMARY KEY (channel, target, against, fingerprint, first_run),
        FOREIGN KEY (target, against, fingerprint, first_run)
            REFERENCES stackproof_episodes (target, against, fingerprint, first_run) ON DELETE CASCADE
    );
    ALTER TABLE stackproof_runs ADD COLUMN tool TEXT NOT NULL DEFAULT ''
    """,
    # Where a run looks, and what came of it: a list of runs must not read all that they saw.
    """
    ALTER TABLE stackproof_runs ADD COLUMN place TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE stackproof_runs ADD COLUMN outcome TEXT
    """,
    # When a live value changed, and with which one each channel has been told of a difference.
    """
    ALTER TABLE stackproof_episodes ADD COLUMN changed TEXT;
    ALTER TABLE stackproof_told RENAME TO stackproof_told_before;
    CREATE TABLE stackproof_told (
        channel TEXT NOT NULL,
        target TEXT NOT NULL,
        against TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        first_run INTEGER NOT NULL,
        value TEXT NOT NULL,
        run INTEGER NOT NULL,
        claimed TEXT NOT NULL,
        sent TEXT,
        PRIMARY KEY (channel, target, against, fingerprint, first_run, value),
        FOREIGN KEY (target, against, fingerprint, first_run)
            REFERENCES stackproof_episodes (target, against, fingerprint, first_run) ON DELETE CASCADE
    );
    INSERT INTO stackproof_told (channel, target, against, fingerprint, first_run, value, run, claimed, sent)
        SELECT channel, target, against, fingerprint, first_run, '', run, claimed, sent FROM stackproof_told_before;
    DROP TABLE stackproof_told_before
    """,
    # Looks at stacks whose absence is known, and no difference.
    """
    ALTER TABLE stackproof_looks ADD COLUMN is_settled INTEGER NOT NULL DEFAULT 0
    """,
    # By which tags and owners a stack was chosen.
    """
    ALTER TABLE stackproof_looks ADD COLUMN filters TEXT NOT NULL DEFAULT ''
    """,
)
"""Each takes a store from the version before it to the next; one that has been released is never changed."""

CURRENT: Final = len(MIGRATIONS)
_TOLD_VALUES: Final = 4
"""The first version that knows with which value a channel was told, and whose program names stacks that are gone."""
_NO_STACKS: Final = frozenset({"", "*"})
"""What stands for what is in no stack, and for stacks that could not be listed."""


def as_document(value: JsonValue) -> str:
    """Plain ASCII: a database takes neither half a surrogate pair nor, some of them, a zero byte."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def version_of(connection: Connection) -> int:
    """The version of the tables, 0 if there are none; raises StoreError if they are newer than this program."""
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("stackproof_store"):
        return 0
    rows = connection.execute(text("SELECT version FROM stackproof_store")).all()
    if len(rows) != 1:
        raise StoreError("is damaged: it does not say which version it has")
    version = int(rows[0][0])
    if version > CURRENT:
        raise StoreError(
            f"was written by a newer stackproof (its tables have version {version}, this one knows {CURRENT}): update"
        )
    return version


def migrate(connection: Connection, *, salt: str) -> None:
    """Bring the tables to the current version, in the transaction of the caller, who holds the lock for writing."""
    from sqlalchemy import text

    version = version_of(connection)
    for statement in (part for migration in MIGRATIONS[version:] for part in migration.split(";")):
        connection.execute(text(statement))
    if version == 0:
        connection.execute(
            text("INSERT INTO stackproof_store (version, salt, next_run) VALUES (:version, :salt, 1)"),
            {"version": CURRENT, "salt": salt},
        )
    elif version < CURRENT:
        if version < _TOLD_VALUES:
            _hide_secrets(connection)
            _told_of_what_was_seen_last(connection)
            _settle_what_was_gone(connection)
        connection.execute(text("UPDATE stackproof_store SET version = :version"), {"version": CURRENT})


def _hide_secrets(connection: Connection) -> None:
    """What is known for a secret by now is kept as a hash, also of runs that an older program recorded.

    Where that one kept the hash of a mask, it is the mask.
    """
    from sqlalchemy import text

    salt = str(connection.execute(text("SELECT salt FROM stackproof_store")).scalar_one())
    hash_of_mask = hash_of(MASK, salt=salt)
    of_run = text("SELECT account, region, stack, document FROM stackproof_looks WHERE run = :run")
    keep_look = text(
        "UPDATE stackproof_looks SET document = :document"
        " WHERE run = :run AND account = :account AND region = :region AND stack = :stack"
    )
    for (run,) in connection.execute(text("SELECT number FROM stackproof_runs ORDER BY number")).all():
        for account, region, stack, document in connection.execute(of_run, {"run": run}).all():
            look = Look.from_dict(json.loads(document.replace(hash_of_mask, MASK)))
            if (hidden := as_document(without_secrets(look, salt=salt).to_dict())) != document:
                where = {"run": run, "account": account, "region": region, "stack": stack}
                connection.execute(keep_look, {**where, "document": hidden})
    keep_episode = text(
        "UPDATE stackproof_episodes SET document = :document WHERE target = :target AND against = :against"
        " AND fingerprint = :fingerprint AND first_run = :first_run"
    )
    rows = connection.execute(
        text("SELECT target, against, fingerprint, first_run, document FROM stackproof_episodes")
    ).all()
    for target, against, fingerprint, first_run, document in rows:
        difference = Difference.from_dict(json.loads(document.replace(hash_of_mask, MASK)))
        if (hidden := as_document(with_hashes(difference, salt=salt).to_dict())) != document:
            where = {"target": target, "against": against, "fingerprint": fingerprint, "first_run": first_run}
            connection.execute(keep_episode, {**where, "document": hidden})


def _told_of_what_was_seen_last(connection: Connection) -> None:
    """Of the value that was seen last a channel counts as told: an update of the program is no news."""
    from sqlalchemy import text

    told_of_it = text(
        "UPDATE stackproof_told SET value = :value WHERE target = :target AND against = :against"
        " AND fingerprint = :fingerprint AND first_run = :first_run"
    )
    rows = connection.execute(
        text(
            "SELECT target, against, fingerprint, first_run, document FROM stackproof_episodes e WHERE EXISTS"
            " (SELECT 1 FROM stackproof_told t WHERE t.target = e.target AND t.against = e.against"
            " AND t.fingerprint = e.fingerprint AND t.first_run = e.first_run)"
        )
    ).all()
    for target, against, fingerprint, first_run, document in rows:
        connection.execute(
            told_of_it,
            {
                "value": value_of(Difference.from_dict(json.loads(document))),
                "target": target,
                "against": against,
                "fingerprint": fingerprint,
                "first_run": first_run,
            },
        )


def _settle_what_was_gone(connection: Connection) -> None:
    """A stack that was gone before the update is no news: the last run that looked where it was had it no more.

    Nobody knows for which stacks a run was asked. Only runs of one place are compared, and only those that have a
    stack in common: one of `--stack A` says nothing of B.
    """
    from sqlalchemy import text

    last_at: dict[tuple[str, ...], int] = {}
    last_of: dict[tuple[tuple[str, ...], str], int] = {}
    seen: dict[tuple[tuple[str, ...], int], set[str]] = {}
    rows = connection.execute(
        text(
            "SELECT r.target, r.against, l.account, l.region, r.place, l.stack, l.run FROM stackproof_looks l"
            " JOIN stackproof_runs r ON r.number = l.run WHERE r.ended IS NOT NULL"
            " ORDER BY l.run"
        )
    ).all()
    for *place, stack, run in rows:
        if stack not in _NO_STACKS:
            where = tuple(place)
            last_at[where] = max(run, last_at.get(where, 0))
            last_of[where, stack] = run
            seen.setdefault((where, run), set()).add(stack)
    settle = text(
        "UPDATE stackproof_looks SET is_settled = 1 WHERE run < :run AND account = :account AND region = :region"
        " AND stack = :stack AND run IN"
        " (SELECT number FROM stackproof_runs WHERE target = :target AND against = :against)"
    )
    for (where, stack), run in last_of.items():
        if run < last_at[where] and seen[where, run] & seen[where, last_at[where]]:
            target, against, account, region, _ = where
            track = {"target": target, "against": against, "account": account, "region": region}
            connection.execute(settle, {**track, "stack": stack, "run": last_at[where]})
