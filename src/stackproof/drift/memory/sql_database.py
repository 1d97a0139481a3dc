"""Connections to the audit store: one transaction each, one writer at a time, errors as StoreError in one line."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, BigInteger, Connection, Engine, NullPool, create_engine, event, func, literal, select
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from stackproof.core.errors import StoreError
from stackproof.core.file_store import ignore_in_git
from stackproof.drift.memory.sql_schema import FIRST_VERSION, create_or_migrate, schema_version

if TYPE_CHECKING:
    from stackproof.drift.memory.sql_schema import Migration

__all__ = ["LOCK", "SqlDatabase"]

LOCK: Final = 23_534_735_375
"""The advisory lock that a writer holds, in a database of PostgreSQL."""
_CONNECT_SECONDS: Final = 10
_WRITES: Final = "stackproof_writes"


class SqlDatabase:
    """A SQLite file or a PostgreSQL database. A writer waits `lock_timeout` seconds for another one."""

    def __init__(self, url: URL, *, lock_timeout: float, migrations: Sequence[Migration]) -> None:
        self._url = url
        self._lock_timeout = lock_timeout
        self._migrations = migrations
        self.shown = url.render_as_string(hide_password=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction with the store's lock, on tables of the current version."""
        with self._translated_errors():
            if self.file is not None:
                _create_private(self.file)
            with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
                if self.file is None:
                    timeout = f"{round(self._lock_timeout * 1000)}ms"
                    connection.execute(select(func.set_config("lock_timeout", timeout, True)))  # noqa: FBT003
                    connection.execute(select(func.pg_advisory_xact_lock(literal(LOCK, BigInteger))))
                create_or_migrate(connection, salt=secrets.token_hex(16), migrations=self._migrations)
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """One transaction that sees one state; None if nothing has been recorded yet."""
        if self.file is not None and not self.file.exists():
            yield None
            return
        current = FIRST_VERSION + len(self._migrations)
        with self._translated_errors(), self._engine.connect() as connection, connection.begin():
            version = schema_version(connection, current=current)
        if version is None:
            yield None
            return
        if version < current:
            with self.writing():
                pass
        with self._translated_errors(), self._engine.connect() as connection, connection.begin():
            yield connection

    @cached_property
    def file(self) -> Path | None:
        """The file of SQLite; None for a server."""
        return Path(str(self._url.database)) if self._url.get_backend_name() == "sqlite" else None

    @cached_property
    def _engine(self) -> Engine:
        if self.file is None:
            return create_engine(self._url, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS})
        timeout = {} if "timeout" in self._url.query else {"timeout": self._lock_timeout}
        engine = create_engine(self._url, poolclass=NullPool, connect_args=timeout)

        # Python's driver starts transactions by itself, and none for DDL. With these two, SQLAlchemy starts each one.
        @event.listens_for(engine, "connect")
        def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # overwritten values do not stay in the file

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get(_WRITES, False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Errors of the database as StoreError in one line; content that cannot be parsed is damage."""
        try:
            yield
        except StoreError as error:
            raise StoreError(f"the store of audits {self.shown} {error}") from error
        except DatabaseError as error:
            raise StoreError(f"the store of audits {self.shown} {_explained(str(error.orig))}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"the store of audits {self.shown} cannot be used: {_first_line(str(error))}") from error
        except OSError as error:
            raise StoreError(f"the store of audits {self.shown} cannot be written: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the store of audits {self.shown} is damaged: {_first_line(str(error))}") from error


def _create_private(file: Path) -> None:
    """Create an empty file that its owner alone may read: the folder may be shared. SQLite keeps the mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.parent.name == ".stackproof":
        ignore_in_git(file.parent)
    if not file.exists():
        with suppress(FileExistsError):  # another writer was faster
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def _explained(message: str) -> str:
    """The message of a database as the end of a sentence, with the remedy where one is known."""
    line = _first_line(message)
    if "locked" in line or "lock timeout" in line:
        return f"has been locked by another run for too long ({line}): try again"
    if "malformed" in line or "not a database" in line or "disk image" in line:
        return f"is damaged ({line}): put a copy back, or move it away to begin anew"
    if "no such table" in line or "no such column" in line or "does not exist" in line:
        return f"is damaged or is not a store of audits ({line})"
    return f"cannot be used: {line}"
