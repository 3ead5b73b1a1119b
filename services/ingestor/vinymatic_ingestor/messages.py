"""What one message asks for, as requests to work on: pure."""

from __future__ import annotations

from vinymatic.errors import MalformedMessageError, UnknownBucketError
from vinymatic.lifecycle.rejects import message_reject_key
from vinymatic.queueing.events import parse_message
from vinymatic.queueing.port import Change, Message
from vinymatic_ingestor.lanes import Refusal, Request

_SHOWN = 200


def requests_of(message: Message, bucket: str) -> tuple[list[Request], float | None]:
    """The requests in the message's order, and when the first of them happened (Unix seconds; None where nothing tells).

    What nobody can act on becomes a refusal under the message's own id: left in the queue it would come back for ever.
    """
    try:
        changes = parse_message(message.body)
    except MalformedMessageError as error:
        return [
            _refusal(message, MalformedMessageError(f"{error}; the message: {message.body[:_SHOWN]}"))
        ], message.sent_at
    times = [change.happened_at for change in changes if change.happened_at is not None]
    return [_request(change, message, bucket) for change in changes], min(times, default=message.sent_at)


def _request(change: Change, message: Message, bucket: str) -> Request:
    if change.bucket is None or change.bucket == bucket:
        return change
    return _refusal(
        message, UnknownBucketError(f"{change.key!r} is in the bucket {change.bucket!r}; S3_BUCKET is {bucket!r}")
    )


def _refusal(message: Message, error: MalformedMessageError) -> Refusal:
    return Refusal(message_reject_key(message.message_id), error)
