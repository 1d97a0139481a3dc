"""The records: what one must look like, and how it is taken out of a Kinesis event."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

FIELDS = ("id", "kind", "occurred_at", "payload")
_TEXT_LIMIT = 256


class InvalidRecordError(ValueError):
    """A record is not as it must be; the message says why and quotes nothing of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record that can be stored. Shard and sequence number say which one it is, for ever."""

    shard_id: str
    sequence_number: str
    record_id: str
    kind: str
    occurred_at: datetime
    payload: str
    """A JSON object, as text."""

    @classmethod
    def from_kinesis(cls, entry: Mapping[str, Any]) -> "Record":
        """Decode an entry of an event's `Records`, whose data is base64 of a JSON object in UTF-8."""
        document = _document(entry["kinesis"]["data"])
        return cls(
            # The event id is the shard's id, a colon and the sequence number.
            shard_id=entry["eventID"].partition(":")[0],
            sequence_number=entry["kinesis"]["sequenceNumber"],
            record_id=_text(document, "id"),
            kind=_text(document, "kind"),
            occurred_at=_time(document, "occurred_at"),
            payload=_object(document, "payload"),
        )


def _document(data: str) -> Mapping[str, Any]:
    try:
        document = json.loads(base64.b64decode(data, validate=True).decode())
    except (ValueError, RecursionError):
        msg = "is not JSON in UTF-8"
        raise InvalidRecordError(msg) from None
    if not isinstance(document, dict) or document.keys() != set(FIELDS):
        msg = f"is not a JSON object with the fields {', '.join(FIELDS)}"
        raise InvalidRecordError(msg)
    return document


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document[name]
    # Half of a surrogate pair and NUL, which PostgreSQL cannot store, are not printable either.
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_LIMIT or not value.isprintable():
        msg = f"{name} is not a text of 1 to {_TEXT_LIMIT} printable characters"
        raise InvalidRecordError(msg)
    return value


def _time(document: Mapping[str, Any], name: str) -> datetime:
    try:
        value = datetime.fromisoformat(_text(document, name))
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        msg = f"{name} is not an ISO 8601 time with a time zone"
        raise InvalidRecordError(msg)
    return value


def _object(document: Mapping[str, Any], name: str) -> str:
    try:
        # Python reads NaN and numbers beyond its range as floats that JSON does not have.
        text = json.dumps(document[name], allow_nan=False)
    except (ValueError, RecursionError):
        text = ""
    if not text.startswith("{"):
        msg = f"{name} is not a JSON object"
        raise InvalidRecordError(msg)
    return text
