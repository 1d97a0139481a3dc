"""Sessions and clients of boto3, hermetic for emulators."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from stackproof.targets.failures import translated_errors
from stackproof.targets.guard import leave_alone
from stackproof.targets.repeating import Retries

__all__ = ["OTHERS", "account_session", "emulator_client", "emulator_session", "emulator_session_as"]


OTHERS: Final = "stackproof-others"
"""What guards sessions that are not from here is registered so; those of targets are guarded client by client."""


@lru_cache(maxsize=1)
def _loader() -> Any:
    """One for all sessions of a process: what it has read of a service's model is dear in time and memory."""
    import botocore.loaders

    return botocore.loaders.create_loader()


def _core(**settings: Any) -> Any:
    """A session of botocore's for a target."""
    import botocore.session

    core = botocore.session.Session(**settings)
    core.register_component("data_loader", _loader())
    leave_alone(core, OTHERS)
    return core


def emulator_session(
    region: str,
    *,
    key: str = "testing",
    secret: str = "testing",  # noqa: S107 - the emulator takes any
    token: str | None = None,
) -> Any:
    """A session that knows no file, profile or environment variable of the user: an emulator has no use for them.

    The access key is free; some emulators take one of twelve digits for the account.
    """
    import boto3

    nowhere = os.devnull
    core = _core(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, nowhere, None),
            "credentials_file": (None, None, nowhere, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        region_name=region,
        botocore_session=core,
    )


def emulator_session_as(
    role_arn: str | None,
    endpoint_url: str,
    region: str,
    *,
    key: str = "testing",
    retries: Retries | None = None,
    watched: Callable[[Any], Any] = lambda client: client,
) -> Any:
    """A session as `emulator_session` gives; with a role in that, and so in its account. Raises TargetError.

    `watched` gets the client that assumes the role. Its credentials are not renewed: emulators ignore their expiry.
    """
    own = emulator_session(region, key=key)
    if role_arn is None:
        return own
    sts = watched(emulator_client("sts", endpoint_url, region, own, retries))
    with translated_errors(f"assuming {role_arn}"):
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="stackproof")["Credentials"]
    return emulator_session(
        region, key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
    )


def emulator_client(
    service: str,
    endpoint_url: str,
    region: str,
    session: Any = None,
    retries: Retries | None = None,
) -> Any:
    """A client to an emulator: without proxies or a second attempt, since CreateStack must not be sent twice."""
    from botocore.config import Config

    retries = retries or Retries()
    return (session or emulator_session(region)).client(
        service,
        endpoint_url=endpoint_url,
        config=Config(
            proxies={},
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=64,
            s3={"addressing_style": "path"},
            connect_timeout=retries.connect_timeout,
            read_timeout=retries.read_timeout_of(service),
        ),
    )


def account_session(
    profile: str | None,
    region: str | None,
    role_arn: str | None,
    *,
    watched: Callable[[Any], Any] = lambda client: client,
) -> Any:
    """A session with the user's own credentials, or with those of a role that they may assume (renewed by itself).

    `watched` is given the client that assumes the role.
    """
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    first = _core(profile=profile)
    first.get_scoped_config()  # a missing profile is reported here, and not by the first client
    own = boto3.Session(region_name=region, botocore_session=first)
    if role_arn is None:
        return own
    create = first.create_client
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=lambda *args, **kwargs: watched(create(*args, **kwargs)),
        source_credentials=own.get_credentials(),
        role_arn=role_arn,
        extra_args={"RoleSessionName": "stackproof"},
    )
    core = _core(profile=profile)
    credentials = DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
    setattr(core, "_credentials", credentials)  # noqa: B010 - botocore offers no public way for renewable ones
    return boto3.Session(botocore_session=core, region_name=region or own.region_name)
