"""Translates what botocore raises into our tree: the one place that knows S3's error codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import botocore.exceptions as sdk
from boto3.exceptions import Boto3Error
from urllib3.exceptions import HTTPError

from vinymatic.errors import (
    InvalidKeyError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)

# Codes whose HTTP status alone would mislead. A bucket that is not there is a wrong setting, never "this object was removed": whoever
# took it for that would tombstone a whole catalogue.
_BY_CODE: dict[str, type[StorageError]] = {
    "NoSuchBucket": StorageDeniedError,
    "ExpiredToken": StorageDeniedError,
    "InvalidToken": StorageDeniedError,
    "AuthorizationHeaderMalformed": StorageDeniedError,  # a wrong region
    "IllegalLocationConstraintException": StorageDeniedError,
    "PermanentRedirect": StorageDeniedError,
    "KeyTooLongError": InvalidKeyError,
    "InvalidURI": InvalidKeyError,
    "XMinioInvalidObjectName": InvalidKeyError,
    "RequestTimeout": StorageUnavailableError,
    "BadDigest": StorageUnavailableError,  # damaged on its way
    "SlowDown": StorageUnavailableError,
}
_BY_STATUS: dict[int, type[StorageError]] = {
    301: StorageDeniedError,
    401: StorageDeniedError,
    403: StorageDeniedError,
    404: ObjectNotFoundError,
    408: StorageUnavailableError,
    409: StorageUnavailableError,  # a concurrent conditional write
    412: ObjectExistsError,
    425: StorageUnavailableError,
    429: StorageUnavailableError,
}
_DENIED = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.TokenRetrievalError,
    sdk.UnauthorizedSSOTokenError,
)
_PASSING = (
    sdk.ConnectionError,  # refused, no route, no such host, no connection in time
    sdk.HTTPClientError,  # reset, cut off, no answer in time
    sdk.IncompleteReadError,
    sdk.FlexibleChecksumError,
    sdk.ResponseStreamingError,
    HTTPError,
)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """`action`: what was being done, for the message (`get s3://bucket/key`)."""
    try:
        yield
    except (sdk.ClientError, sdk.BotoCoreError, Boto3Error, HTTPError) as error:
        raise translate(error, action) from error


def translate(error: Exception, action: str) -> StorageError:
    """The error of our tree that says what `error`, raised by boto3 or botocore, means for a caller."""
    if isinstance(error, Boto3Error) and isinstance(error.__context__, sdk.ClientError):
        error = error.__context__  # an upload's failure, wrapped
    if isinstance(error, sdk.ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        kind = _kind_of_answer(code, status)
        return kind(
            f"{action}: {code or 'error'} (HTTP {status}) {error.response.get('Error', {}).get('Message', '')}".strip()
        )
    kind = StorageError
    if isinstance(error, _DENIED):
        kind = StorageDeniedError
    elif isinstance(error, sdk.ParamValidationError):
        kind = InvalidKeyError
    elif isinstance(error, _PASSING) or type(error).__name__ == "ResponseParserError":
        kind = StorageUnavailableError
    return kind(f"{action}: {type(error).__name__}: {error}")


def _kind_of_answer(code: str, status: int) -> type[StorageError]:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status >= 500:
        return StorageUnavailableError
    return _BY_STATUS.get(status, StorageError)
