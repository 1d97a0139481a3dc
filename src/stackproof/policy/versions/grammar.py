"""How versions are written and compared: by numbers and words, never as floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["Grammar", "Key", "grammar_of", "is_plain", "key"]

Key: TypeAlias = tuple[tuple[int, int, str], ...]

_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")


def key(version: str) -> Key:
    """What versions are sorted by: 15.8 before 15.19, python3.9 before python3.14."""
    return tuple(
        (1, int(token), "") if token.isdecimal() else (0, 0, token.lower()) for token in _TOKEN.findall(version)
    )


def is_plain(version: str) -> bool:
    """Whether it is an ordinary build; 11.22-rds.20240418 and 16.4-limitless are special ones."""
    return "-" not in version


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The form of a family's versions. `cycle` finds the cycle in one; a version that is all cycle is a major."""

    version: str
    cycle: str

    def is_version(self, text: str) -> bool:
        """Whether the text has the form of a version of the family, or of a major."""
        return re.fullmatch(self.version, text) is not None

    def cycle_of(self, text: str) -> str | None:
        """The cycle of a version; None for what has another form."""
        return self.group_cycle(text) if self.is_version(text) else None

    def is_major(self, text: str) -> bool:
        """Whether the text names a cycle and no version in it."""
        return self.cycle_of(text) == text.removesuffix(".x")

    def group_cycle(self, major: str) -> str | None:
        """The cycle of a major in the longer form that parameter groups have as well ("5.0" for redis 5)."""
        match = re.match(self.cycle, major)
        return match["cycle"] if match else None


_ONE: Final = r"(?P<cycle>\d+)"
_TWO: Final = r"(?P<cycle>\d+\.\d+)"
_POSTGRES: Final = Grammar(
    version=r"(9(\.\d+){0,2}|[1-9]\d+(\.\d+)?)(-[a-z]+[\w.]*)?", cycle=r"(?P<cycle>9\.\d+|[1-9]\d+|9)"
)
_MYSQL: Final = Grammar(version=r"\d+\.\d+(\.\d+(-rds\.\d+)?)?", cycle=_TWO)
_BROKER: Final = Grammar(version=r"\d+\.\d+(\.\d+)?", cycle=_TWO)
_SQLSERVER: Final = Grammar(version=r"\d+\.\d+(\.\d+\.\d+\.v\d+)?", cycle=_TWO)
_DB2: Final = Grammar(version=r"\d+\.\d+(\.\d+)*(\.sb\w+\.r\d+)?", cycle=_TWO)
_ORACLE: Final = Grammar(version=r"\d+(\.\d+)*(\.(ru|spb|rur|v)[\w.-]+)?", cycle=_ONE)
_GRAMMARS: Final = {
    "docdb": _BROKER,
    "eks": Grammar(version=r"\d+\.\d+(\.\d+-\d{8})?", cycle=_TWO),
    "elasticache/memcached": _BROKER,
    "elasticache/redis": Grammar(version=r"\d+(\.(x|\d+(\.\d+)?))?", cycle=_ONE),
    "elasticache/valkey": Grammar(version=r"\d+(\.\d+)?", cycle=_ONE),
    "elasticsearch": Grammar(version=r"(Elasticsearch_)?\d+\.\d+", cycle=r"(Elasticsearch_)?(?P<cycle>\d+\.\d+)"),
    "glue": Grammar(version=r"\d+\.\d+", cycle=_TWO),
    "lambda": Grammar(version=r"[a-z]+(\d[\d.]*x?)?(\.al\d+|-edge)?", cycle=r"(?P<cycle>.+)"),
    "memorydb": Grammar(version=r"\d+(\.\d+){0,2}", cycle=_ONE),
    "mq/activemq": _BROKER,
    "mq/rabbitmq": _BROKER,
    "msk": Grammar(version=r"\d+\.\d+(\.\d+)*(\.x)?(\.kraft|[.-]tiered)?", cycle=_TWO),
    "neptune": Grammar(version=r"\d+(\.\d+){3}(\.R\d+(\.\d+)?)?", cycle=r"(?P<cycle>\d+(\.\d+){3})"),
    "opensearch": Grammar(version=r"OpenSearch_\d+\.\d+", cycle=r"(OpenSearch_)?(?P<cycle>\d+\.\d+)"),
    "rds/aurora-mysql": Grammar(version=r"\d+\.\d+(\.\d+|\.mysql_aurora(\.\d+)+)?", cycle=_TWO),
    "rds/aurora-postgresql": _POSTGRES,
    "rds/mariadb": _MYSQL,
    "rds/mysql": _MYSQL,
    "rds/postgres": _POSTGRES,
}


def grammar_of(family: str) -> Grammar:
    """The grammar of a family; what is not known by name has that of its kind."""
    known = _GRAMMARS.get(family)
    if known is not None:
        return known
    if "sqlserver" in family:
        return _SQLSERVER
    return _DB2 if "db2" in family else _ORACLE
