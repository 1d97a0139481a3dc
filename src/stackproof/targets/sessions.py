"""Sessions and clients of boto3, hermetic for emulators."""

from __future__ import annotations

import os
from typing import Any, Final

__all__ = ["emulator_client", "emulator_session"]

_ATTEMPTS: Final = 1  # an emulator that fails once fails again, and CreateStack must not be sent twice


def emulator_session(region: str) -> Any:  # noqa: ANN401 - boto3 has no types at run time
    """A session that knows no file, profile or environment variable of the user: an emulator has no use for them."""
    import boto3  # noqa: PLC0415 - takes a tenth of a second
    import botocore.session  # noqa: PLC0415

    nowhere = os.devnull
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, nowhere, None),
            "credentials_file": (None, None, nowhere, None),
        }
    )
    return boto3.Session(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 - the emulator takes any
        region_name=region,
        botocore_session=core,
    )


def emulator_client(service: str, endpoint_url: str, region: str, session: Any = None) -> Any:  # noqa: ANN401
    """A client to an emulator: without proxies, and without a second attempt."""
    from botocore.config import Config  # noqa: PLC0415

    return (session or emulator_session(region)).client(
        service,
        endpoint_url=endpoint_url,
        config=Config(
            proxies={},
            retries={"total_max_attempts": _ATTEMPTS},
            max_pool_connections=64,
            s3={"addressing_style": "path"},
            connect_timeout=10,
            read_timeout=300,
        ),
    )
