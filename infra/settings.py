"""What can be set about the stack, checked before anything is synthesized."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self


class SettingError(ValueError):
    """A setting has a value that cannot be used; the message names setting, value and remedy."""


class _Rule(Protocol):
    """Turns a value of the context into the setting's type, or raises ValueError with the remedy."""

    def parse(self, value: object) -> str | int: ...


@dataclass(frozen=True, slots=True)
class _Whole:
    """A whole number in a range. The command line gives text, cdk.json gives numbers."""

    low: int
    high: int

    def parse(self, value: object) -> int:
        text = str(value).strip()
        if isinstance(value, str | int) and text.isascii() and text.isdecimal() and self.low <= int(text) <= self.high:
            return int(text)
        msg = f"give a whole number from {self.low} to {self.high}"
        raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class _OneOf:
    """One of a few whole numbers that the service accepts."""

    values: tuple[int, ...]

    def parse(self, value: object) -> int:
        for allowed in self.values:
            if isinstance(value, str | int) and str(value).strip() == str(allowed):
                return allowed
        msg = f"give one of {', '.join(map(str, self.values))}"
        raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class _Text:
    """Text of a given form. A number is refused: cdk.json's 15.10 arrives as 15.1."""

    pattern: str
    remedy: str

    def parse(self, value: object) -> str:
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return value
        raise ValueError(self.remedy)


def _setting(default: Any, rule: _Rule) -> Any:  # noqa: ANN401  as dataclasses.field, which it calls
    return field(default=default, metadata={"rule": rule})


_TAG = _Text(r"[\w .:/=+@-]{1,256}", "give 1 to 256 letters, digits, spaces or .:/=+-@_")
# CloudWatch Logs accepts these numbers of days and no others; shorter ones do not serve as an audit trail.
_LOG_DAYS = _OneOf((30, 60, 90, 120, 150, 180, 365, 400, 545, 731))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The stack's settings; each is a CDK context key of the same name in camelCase."""

    environment_suffix: str = _setting(
        "dev", _Text(r"[a-z][a-z0-9-]{0,19}", "give 1 to 20 lower-case letters, digits or hyphens, a letter first")
    )
    owner: str = _setting("data-platform", _TAG)
    cost_center: str = _setting("data-ingest", _TAG)

    nat_gateways: int = _setting(1, _Whole(1, 2))

    # RDS withdraws minor versions: 15.3 and 15.8 once stood here and can no longer be created.
    postgres_version: str = _setting(
        "15.19", _Text(r"1[5-9]\.[1-9]\d?", 'give major.minor as text, PostgreSQL 15 or later, such as "15.19"')
    )
    database_instance_class: str = _setting(
        "db.m7g.large", _Text(r"db\.[a-z0-9]+\.[a-z0-9]+", "give an RDS instance class such as db.m7g.large")
    )
    database_storage_gib: int = _setting(100, _Whole(20, 65536))
    database_backup_days: int = _setting(14, _Whole(7, 35))

    shard_count: int = _setting(2, _Whole(2, 500))
    stream_retention_hours: int = _setting(48, _Whole(24, 8760))

    batch_size: int = _setting(100, _Whole(1, 10000))
    batching_window_seconds: int = _setting(5, _Whole(0, 300))
    retry_attempts: int = _setting(10, _Whole(1, 10000))
    max_record_age_minutes: int = _setting(360, _Whole(1, 10080))
    function_memory_mib: int = _setting(512, _Whole(128, 10240))
    function_timeout_seconds: int = _setting(60, _Whole(10, 900))
    reserved_concurrency: int = _setting(10, _Whole(2, 1000))
    ca_bundle_path: str = _setting(
        "rds-ca-bundle.pem", _Text(r"/?[\w.-]+(/[\w.-]+)*", "give the path of a PEM file as the function sees it")
    )

    log_retention_days: int = _setting(365, _LOG_DAYS)

    def __post_init__(self) -> None:
        """Check every setting by itself, then against the others."""
        for field_ in fields(self):
            value = getattr(self, field_.name)
            try:
                object.__setattr__(self, field_.name, field_.metadata["rule"].parse(value))
            except ValueError as error:
                msg = f"setting {context_key(field_.name)}: {value!r} cannot be used; {error}"
                raise SettingError(msg) from None
        if self.max_record_age_minutes > self.stream_retention_hours * 60:
            msg = (
                f"setting maxRecordAgeMinutes: {self.max_record_age_minutes} cannot be used; "
                f"give at most {self.stream_retention_hours * 60}, the streamRetentionHours in minutes"
            )
            raise SettingError(msg)

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Take the settings from CDK's context, which holds feature flags and look-ups as well."""
        names = {context_key(field_.name): field_.name for field_ in fields(cls)}
        for key in sorted(context.keys() - names.keys()):
            # A key that is nearly ours would otherwise be dropped without a word.
            if near := difflib.get_close_matches(key, names, n=1, cutoff=0.85):
                msg = f"setting {key}: {context[key]!r} cannot be used; there is no such setting, give {near[0]}"
                raise SettingError(msg)
        return cls(**{names[key]: value for key, value in context.items() if key in names})

    @property
    def postgres_major(self) -> str:
        """The major version: 15 of 15.19."""
        return self.postgres_version.partition(".")[0]


def context_key(name: str) -> str:
    """Give the context key of a setting: postgresVersion for postgres_version."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
