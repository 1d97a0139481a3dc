"""The URL of an audit store: `sqlite:///FILE` or `postgresql+psycopg://HOST/NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from stackproof.core.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["parse_store_url", "require_sqlalchemy"]

_DRIVERS: Final = ("sqlite", "postgresql+psycopg")


def require_sqlalchemy() -> None:
    """Raise ConfigError, with the command to type, if SQLAlchemy is not installed."""
    try:
        import sqlalchemy  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "the store of audits needs SQLAlchemy: pip install 'stackproof[drift]', or give --no-store"
        ) from error


def parse_store_url(url: str, folder: Path) -> URL:
    """The URL with its driver; the path of a file is relative to `folder`. Raises ConfigError without the password."""
    require_sqlalchemy()
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

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
        return found.set(database=str(folder / str(found.database)))
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"{shown} needs psycopg: pip install 'stackproof[postgres]'") from error
    return found
