"""A real PostgreSQL for all tests of this folder in one process, and stores of audits of every kind."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stackproof.targets.flows.postgres import start_postgres


@pytest.fixture(scope="session")
def postgres(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Makes a new database, and gives its URL."""
    import psycopg

    folder = tmp_path_factory.mktemp("postgres")
    process = start_postgres(os.getpid(), folder, user="audits", password="some-secret", database="first")
    server = f"audits:some-secret@127.0.0.1:{process.ready_data['port']}"
    tls = f"sslmode=verify-full&sslrootcert={process.ready_data['ca_bundle']}"

    def made() -> str:
        name = f"audits_{uuid.uuid4().hex}"
        with psycopg.connect(f"postgresql://{server}/first?{tls}", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{server}/{name}?{tls}"

    yield made
    process.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.process)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'audits.db'}"
    made: Callable[[], str] = request.getfixturevalue("postgres")
    return made()
