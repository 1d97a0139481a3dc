"""Errors of botocore in our words: why a read failed, and one line about a call that did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from stackproof.core.errors import TargetError, UnreachableError
from stackproof.deployment.unproven_reason import UnprovenReason

__all__ = ["answering", "error_code", "is_not_implemented", "reason_of", "reason_of_answer", "translated_errors"]

_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "InvalidClientTokenId",
        "KMSAccessDeniedException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "403",
    }
)
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "EC2ThrottledException",
        "429",
    }
)
_REMEDIES: Final[Mapping[str, str]] = {
    "NoCredentialsError": ": sign in, or name a profile (--profile or AWS_PROFILE)",
    "ProfileNotFound": ": 'aws configure list-profiles' lists the profiles",
}
"""What to do about errors of botocore that need no service."""
_TIMED_OUT: Final = frozenset({"RequestTimeout", "RequestTimeoutException"})
"""Codes with a status below 500 for a service that got or gave nothing in time."""
_NOT_IMPLEMENTED: Final = frozenset({"NotYetImplemented", "NotImplemented", "501"})
_UNKNOWN_OPERATION: Final = frozenset({"InvalidAction", "UnknownOperation", "UnknownOperationException", "404"})
_SERVER_ERROR: Final = 500
_NOT_THERE: Final = 501


def error_code(error: Exception) -> str:
    """The service's error code, or "" for an error that is not a service's answer."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def is_not_implemented(error: Exception) -> bool:
    """Whether an answer means that the target does not have this operation at all."""
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(response, dict) else 0
    return error_code(error) in {*_NOT_IMPLEMENTED, *_UNKNOWN_OPERATION} or status == _NOT_THERE


def reason_of(error: Exception) -> UnprovenReason | None:
    """Why a read failed; None for an error outside the service, or an answer that a reader should have known.

    A reader that knows the reason itself raises a TargetError with it for a code.
    """
    from botocore.exceptions import (
        ClientError,
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
    )
    from botocore.exceptions import ConnectionError as BotocoreConnectionError
    from botocore.parsers import ResponseParserError

    if isinstance(error, TargetError) and error.code in {reason.value for reason in UnprovenReason}:
        return UnprovenReason(error.code)
    if isinstance(error, NoCredentialsError):
        return UnprovenReason.DENIED
    if isinstance(error, HTTPClientError | BotocoreConnectionError | UnreachableError):
        return UnprovenReason.UNREACHABLE
    if isinstance(error, IncompleteReadError | ResponseParserError):  # an answer that broke off
        return UnprovenReason.UNREACHABLE
    return reason_of_answer(error.response) if isinstance(error, ClientError) else None


def reason_of_answer(answer: Mapping[str, Any]) -> UnprovenReason | None:
    """Why a service did not answer; None for an answer that a reader should know, or a good one."""
    code = str(answer.get("Error", {}).get("Code", "")).removeprefix("AWS.SimpleQueueService.")
    for codes, reason in (
        (_DENIED, UnprovenReason.DENIED),
        (_THROTTLED, UnprovenReason.THROTTLED),
        (_TIMED_OUT, UnprovenReason.UNREACHABLE),
        (_NOT_IMPLEMENTED, UnprovenReason.NOT_EMULATED),
    ):
        if code in codes:
            return reason
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return UnprovenReason.UNREACHABLE if status >= _SERVER_ERROR else None


@contextmanager
def translated_errors(doing: str) -> Iterator[None]:
    """Raise botocore's errors of the block as a `TargetError` that names what was being done."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ResponseParserError as error:
        raise TargetError(f"{doing}: what answers there does not answer as AWS does", code="NoAnswerOfAws") from error
    except ClientError as error:
        message = " ".join(str(error.response.get("Error", {}).get("Message") or error).split())
        raise TargetError(
            f"{doing}: {error_code(error)}: {message}",
            operation=error.operation_name,
            code=error_code(error),
        ) from error
    except BotoCoreError as error:
        remedy = _REMEDIES.get(type(error).__name__, "")
        raise TargetError(f"{doing}: {' '.join(str(error).split())}{remedy}", code=type(error).__name__) from error


@contextmanager
def answering(endpoint_url: str | None) -> Iterator[None]:
    """The block of the first call to an endpoint: if nothing answers, the error names it and what to check."""
    from botocore.exceptions import ConnectionError as BotocoreConnectionError
    from botocore.exceptions import HTTPClientError

    try:
        yield
    except TargetError as error:
        unanswered = isinstance(error.__cause__, HTTPClientError | BotocoreConnectionError)
        if not unanswered and not isinstance(error, UnreachableError):
            raise
        where, remedy = (
            ("AWS", "check the network, its proxy and the region")
            if endpoint_url is None
            else (endpoint_url, "start it, or correct the endpoint URL")
        )
        raise type(error)(
            f"nothing answers at {where}: {remedy} ({error})",
            service=error.service,
            operation=error.operation,
            code=error.code,
        ) from error
