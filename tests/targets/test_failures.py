"""Errors of botocore in our words."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from stackproof.core.errors import TargetError, UnreachableError
from stackproof.targets.failures import error_code, reason_of, translated_errors
from tests.live_fakes import failure


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (failure("AccessDeniedException"), "denied"),
        (failure("UnauthorizedOperation"), "denied"),
        (failure("ExpiredToken"), "denied"),
        (NoCredentialsError(), "denied"),
        (failure("Throttling"), "throttled"),
        (failure("AWS.SimpleQueueService.ThrottlingException"), "throttled"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "unreachable"),
        (ResponseParserError("cut"), "unreachable"),
        (UnreachableError("dead"), "unreachable"),
        (failure("RequestLimitExceeded", status=503), "throttled"),
        (failure("TransactionInProgressException"), "throttled"),
        (failure("RequestTimeout"), "unreachable"),
        (failure("NotYetImplemented", status=501), "not_emulated"),
        (failure("InternalFailure", status=500), "unreachable"),
        (EndpointConnectionError(endpoint_url="x"), "unreachable"),
        (ReadTimeoutError(endpoint_url="x"), "unreachable"),
        (failure("ValidationException"), None),
        (ParamValidationError(report="x"), None),
        (ZeroDivisionError(), None),
    ],
    ids=lambda parameter: str(parameter)[:40],
)
def test_why_a_read_failed(error: Exception, reason: str | None) -> None:
    assert reason_of(error) == reason


def test_an_error_that_is_no_answer_has_no_code() -> None:
    assert error_code(ZeroDivisionError()) == ""
    assert error_code(failure("Boom")) == "Boom"


def test_foreign_errors_do_not_get_out_and_are_one_line() -> None:
    with pytest.raises(TargetError, match=r"^reading: Boom: Boom!$") as caught, translated_errors("reading"):
        raise failure("Boom", "DescribeThing")
    assert (caught.value.operation, caught.value.code) == ("DescribeThing", "Boom")
    with pytest.raises(TargetError, match=r"^reading: Parameter validation failed: a b$"), translated_errors("reading"):
        raise ParamValidationError(report="a\nb")
    with (
        pytest.raises(TargetError, match=r"^reading: .*credentials: sign in, or .*--profile"),
        translated_errors("reading"),
    ):
        raise NoCredentialsError
    with pytest.raises(ZeroDivisionError), translated_errors("reading"):
        raise ZeroDivisionError
