"""The table that the records are stored in, over TLS to a server that is verified."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection
from records import Record

# Shards are processed in parallel, and two CREATE TABLE IF NOT EXISTS can collide: the second waits for the lock.
# Statements that are sent together are one transaction.
_CREATE = """
SELECT pg_advisory_xact_lock(741852);
CREATE TABLE IF NOT EXISTS records (
    shard_id text NOT NULL,
    sequence_number text NOT NULL,
    record_id text NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard_id, sequence_number)
)
"""
# Lambda repeats a batch from the first record that failed: inserting a record again must change nothing.
_INSERT = """
INSERT INTO records (shard_id, sequence_number, record_id, kind, occurred_at, payload)
VALUES (:shard_id, :sequence_number, :record_id, :kind,
        CAST(:occurred_at AS timestamptz), CAST(:payload AS jsonb))
ON CONFLICT (shard_id, sequence_number) DO NOTHING
"""
# SQLSTATE classes: data exception, constraint violation, limit exceeded. No retry mends these.
_RECORDS_FAULT = {"22", "23", "54"}
_TIMEOUT_SECONDS = 10


class StoreError(RuntimeError):
    """The database could not be used, which says nothing about the record."""


class RefusedRecordError(ValueError):
    """The database will never take this record; the message has the SQLSTATE alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What RDS's secret holds."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)

    @classmethod
    def from_secret(cls, text: str) -> "Credentials":
        """Read the JSON that Secrets Manager keeps for a database."""
        try:
            secret = json.loads(text)
            return cls(
                host=secret["host"],
                port=int(secret["port"]),
                dbname=secret["dbname"],
                username=secret["username"],
                password=secret["password"],
            )
        except (ValueError, TypeError, KeyError):
            msg = "the secret is not a JSON object with host, port, dbname, username and password"
            raise StoreError(msg) from None


class Store:
    """Keeps one connection, and the credentials that it was opened with, between invocations."""

    def __init__(self, *, read_secret: Callable[[], str], ca_bundle: Path) -> None:
        """Neither the secret is read nor the database called before the first record."""
        self._read_secret = read_secret
        self._tls = ssl.create_default_context(cafile=ca_bundle)
        self._credentials: Credentials | None = None
        self._connection: Connection | None = None

    def insert(self, record: Record) -> bool:
        """Store a record; false if it was there already. Raises RefusedRecordError or StoreError."""
        reused = self._connection is not None
        try:
            return self._insert(record)
        except StoreError:
            self.close()
            if not reused:
                raise
        # A failover or an idle time-out ended the connection since: once more over a new one.
        return self.insert(record)

    def close(self) -> None:
        """End the connection; the next record opens another."""
        if self._connection is not None:
            with suppress(InterfaceError, OSError):
                self._connection.close()
            self._connection = None

    def _insert(self, record: Record) -> bool:
        if self._connection is None:
            self._connection = self._connect()
            with _translated():
                self._connection.run(_CREATE)
        with _translated():
            self._connection.run(
                _INSERT,
                shard_id=record.shard_id,
                sequence_number=record.sequence_number,
                record_id=record.record_id,
                kind=record.kind,
                occurred_at=record.occurred_at.isoformat(),
                payload=record.payload,
            )
            return bool(self._connection.row_count)

    def _connect(self) -> Connection:
        if self._credentials is not None:
            # What was right before may be refused now, as after a rotation: read the secret again.
            with suppress(StoreError):
                return self._open(self._credentials)
        self._credentials = Credentials.from_secret(self._read_secret())
        return self._open(self._credentials)

    def _open(self, credentials: Credentials) -> Connection:
        with _translated():
            return Connection(
                credentials.username,
                host=credentials.host,
                port=credentials.port,
                database=credentials.dbname,
                password=credentials.password,
                ssl_context=self._tls,
                timeout=_TIMEOUT_SECONDS,
                application_name="tap-processor",
            )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into ours. PostgreSQL's messages may quote the row, so they stay here."""
    try:
        yield
    except DatabaseError as error:
        state = error.args[0]["C"]
        msg = f"PostgreSQL answered with SQLSTATE {state}"
        if state[:2] in _RECORDS_FAULT:
            raise RefusedRecordError(msg) from None
        raise StoreError(msg) from None
    except (InterfaceError, OSError) as error:
        msg = f"no connection to PostgreSQL: {error}"
        raise StoreError(msg) from error
