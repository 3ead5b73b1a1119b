"""What botocore's errors become."""

from __future__ import annotations

import botocore.exceptions as sdk
import pytest
from boto3.exceptions import S3UploadFailedError

from vinymatic.errors import (
    InvalidKeyError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)
from vinymatic.storage.s3_errors import translate, translated

pytestmark = pytest.mark.unit


def answer(code: str, status: int) -> sdk.ClientError:
    return sdk.ClientError(
        {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "GetObject",
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchKey", 404, ObjectNotFoundError),
        ("404", 404, ObjectNotFoundError),
        ("NoSuchBucket", 404, StorageDeniedError),
        ("AccessDenied", 403, StorageDeniedError),
        ("InvalidAccessKeyId", 403, StorageDeniedError),
        ("RequestTimeTooSkewed", 403, StorageDeniedError),
        ("ExpiredToken", 400, StorageDeniedError),
        ("AuthorizationHeaderMalformed", 400, StorageDeniedError),
        ("PermanentRedirect", 301, StorageDeniedError),
        ("PreconditionFailed", 412, ObjectExistsError),
        ("ConditionalRequestConflict", 409, StorageUnavailableError),
        ("OperationAborted", 409, StorageUnavailableError),
        ("SlowDown", 503, StorageUnavailableError),
        ("InternalError", 500, StorageUnavailableError),
        ("502", 502, StorageUnavailableError),
        ("", 504, StorageUnavailableError),
        ("TooManyRequests", 429, StorageUnavailableError),
        ("RequestTimeout", 400, StorageUnavailableError),
        ("BadDigest", 400, StorageUnavailableError),
        ("KeyTooLongError", 400, InvalidKeyError),
        ("InvalidArgument", 400, StorageError),
        ("", 0, StorageError),
    ],
)
def test_an_answer_has_one_meaning(code: str, status: int, expected: type[StorageError]) -> None:
    error = translate(answer(code, status), "get s3://b/k")
    assert type(error) is expected
    assert str(error).startswith("get s3://b/k: ")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (sdk.EndpointConnectionError(endpoint_url="http://x"), StorageUnavailableError),
        (sdk.ConnectTimeoutError(endpoint_url="http://x"), StorageUnavailableError),
        (sdk.ReadTimeoutError(endpoint_url="http://x"), StorageUnavailableError),
        (sdk.ConnectionClosedError(endpoint_url="http://x"), StorageUnavailableError),
        (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), StorageUnavailableError),
        (sdk.ResponseStreamingError(error="cut"), StorageUnavailableError),
        (sdk.NoCredentialsError(), StorageDeniedError),
        (sdk.PartialCredentialsError(provider="env", cred_var="x"), StorageDeniedError),
        (sdk.ParamValidationError(report="bad"), InvalidKeyError),
        (sdk.UnknownServiceError(service_name="x", known_service_names="y"), StorageError),
    ],
)
def test_an_error_of_the_sdk_has_one_meaning(raised: Exception, expected: type[StorageError]) -> None:
    assert type(translate(raised, "get")) is expected


def test_an_upload_that_failed_means_what_its_answer_means() -> None:
    with pytest.raises(StorageDeniedError), translated("upload"):  # noqa: PT012 - as boto3 raises it, one within the other
        try:
            raise answer("AccessDenied", 403)
        except sdk.ClientError as error:
            raise S3UploadFailedError(str(error))  # noqa: B904


def test_errors_of_our_own_code_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), translated("get"):
        _ = 1 / 0
