"""The function's entry: stores the records of a Kinesis event and reports those that cannot be."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from records import InvalidRecordError, Record
from store import RefusedRecordError, Store

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


def handle(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Store every record of the event that can be stored, and report every other one.

    Lambda hands over the batch again from the first one reported, halved, until that record is alone
    and given up. When the database cannot be used, the StoreError goes to Lambda, which retries all.
    """
    store = store_from_environment()
    failures, stored = [], 0
    for record in event["Records"]:
        sequence_number = record["kinesis"]["sequenceNumber"]
        try:
            stored += store.insert(Record.from_kinesis(record))
        except (InvalidRecordError, RefusedRecordError) as error:
            failures.append({"itemIdentifier": sequence_number})
            _log.warning(
                "record refused",
                extra={"event_id": record["eventID"], "reason": str(error), "error": type(error).__name__},
            )
    _log.info("batch done", extra={"records": len(event["Records"]), "stored": stored, "refused": len(failures)})
    return {"batchItemFailures": failures}


@cache
def store_from_environment() -> Store:
    """Make the store once per execution environment, so that its connection serves many invocations."""
    # Lambda's own timeout comes before botocore's default of a minute per attempt.
    secrets = boto3.client("secretsmanager", config=Config(connect_timeout=5, read_timeout=5))
    secret_arn = os.environ["DB_SECRET_ARN"]
    return Store(
        read_secret=lambda: secrets.get_secret_value(SecretId=secret_arn)["SecretString"],
        # A relative path is one beside this file, which is where RDS's bundle is.
        ca_bundle=Path(__file__).parent / os.environ.get("DB_CA_BUNDLE", "rds-ca-bundle.pem"),
    )
