"""Opens the stores of audits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stackproof.core.errors import ConfigError
from stackproof.wiring.project import Project

if TYPE_CHECKING:
    from stackproof.drift.memory.sql_store import SqlAuditStore
    from stackproof.drift.ports import AuditStore

__all__ = ["audit_store", "store_to_read"]


def audit_store(project: Project, url: str | None = None) -> SqlAuditStore:
    """The store that the command line names, else that of the project, else a separate file. Raises ConfigError."""
    from stackproof.drift.memory.sql_url import require_sqlalchemy

    require_sqlalchemy()
    from stackproof.drift.memory.sql_store import SqlAuditStore

    if url is not None:
        found = SqlAuditStore(url, folder=Path.cwd())
        if found.file is not None and not found.file.parent.is_dir():
            raise ConfigError(f"--store {url}: there is no folder {found.file.parent}")
        return found
    settings = project.settings
    named = settings.audit_store or f"sqlite:///{settings.state_directory / 'audits.db'}"
    return SqlAuditStore(named, folder=settings.root)


def store_to_read(project: Project, url: str | None = None) -> AuditStore:
    """The store of a command that only reads: a file that the command line names must exist. Raises ConfigError."""
    found = audit_store(project, url)
    if url is not None and found.file is not None and not found.file.exists():
        raise ConfigError(f"--store {url}: there is no such file; `stackproof drift audit --store {url}` would make it")
    return found
