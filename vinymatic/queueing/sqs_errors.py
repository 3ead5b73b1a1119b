"""Translates what botocore raises into our tree: the one place that knows SQS's error codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import botocore.exceptions as sdk

from vinymatic.errors import QueueDeniedError, QueueError, QueueUnavailableError

# Codes whose HTTP status (400 or 403) would mislead.
_PASSING_CODES = frozenset(
    {
        "OverLimit",  # too many messages in flight
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "KmsThrottled",
        "KMS.ThrottlingException",
        "RequestTimeout",
    }
)
_PASSING_STATUSES = frozenset({408, 425, 429})
_DENIED = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.TokenRetrievalError,
    sdk.UnauthorizedSSOTokenError,
    sdk.ParamValidationError,
)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """`action`: what was being done, for the message (`receive from https://…`)."""
    try:
        yield
    except (sdk.ClientError, sdk.BotoCoreError) as error:
        raise translate(error, action) from error


def translate(error: sdk.ClientError | sdk.BotoCoreError, action: str) -> QueueError:
    """What `error` means for a caller: it passes by itself, or somebody has to change a permission or a setting."""
    if isinstance(error, sdk.ClientError):
        answer = error.response.get("Error", {})
        code = answer.get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        text = f"{action}: {code or 'error'} (HTTP {status}) {answer.get('Message', '')}".strip()
        if code.rpartition("#")[2] in _PASSING_CODES or status in _PASSING_STATUSES or status >= 500:
            return QueueUnavailableError(text)
        # A queue that is not there counts as denied too: AWS does not tell the one from the other, and neither passes by itself.
        return QueueDeniedError(text)
    kind = QueueDeniedError if isinstance(error, _DENIED) else QueueUnavailableError
    return kind(f"{action}: {type(error).__name__}: {error}")
