"""What SQS's and the SDK's errors mean: passing, or somebody has to change something."""

from __future__ import annotations

import botocore.exceptions as sdk
import pytest

from vinymatic.errors import QueueDeniedError, QueueError, QueueUnavailableError
from vinymatic.queueing.sqs_errors import translate, translated

pytestmark = pytest.mark.unit


def answer(code: str, status: int) -> sdk.ClientError:
    return sdk.ClientError(
        {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "ReceiveMessage",
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("InternalFailure", 500), QueueUnavailableError),
        (answer("ServiceUnavailable", 503), QueueUnavailableError),
        (answer("OverLimit", 403), QueueUnavailableError),
        (answer("RequestThrottled", 403), QueueUnavailableError),
        (answer("com.amazonaws.sqs#RequestThrottled", 400), QueueUnavailableError),
        (answer("", 429), QueueUnavailableError),
        (answer("AccessDenied", 403), QueueDeniedError),
        (answer("InvalidClientTokenId", 403), QueueDeniedError),
        (answer("AWS.SimpleQueueService.NonExistentQueue", 400), QueueDeniedError),
        (sdk.EndpointConnectionError(endpoint_url="http://x"), QueueUnavailableError),
        (sdk.ReadTimeoutError(endpoint_url="http://x"), QueueUnavailableError),
        (sdk.ConnectTimeoutError(endpoint_url="http://x"), QueueUnavailableError),
        (sdk.ConnectionClosedError(endpoint_url="http://x"), QueueUnavailableError),
        (sdk.NoCredentialsError(), QueueDeniedError),
        (sdk.ProfileNotFound(profile="x"), QueueDeniedError),
    ],
)
def test_an_error_is_passing_or_denied(error: sdk.ClientError | sdk.BotoCoreError, kind: type[QueueError]) -> None:
    caught = translate(error, "receive from http://queue")
    assert type(caught) is kind
    assert str(caught).startswith("receive from http://queue: ")


def test_the_original_error_is_kept_as_the_cause() -> None:
    original = answer("AccessDenied", 403)
    with pytest.raises(QueueDeniedError, match="because") as caught, translated("send"):
        raise original
    assert caught.value.__cause__ is original
