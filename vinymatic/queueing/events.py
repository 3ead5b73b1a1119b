"""What a queue message asks for: pure parsing of every shape that a change of a bucket arrives in.

| shape | from | its key |
|---|---|---|
| `{"Records": [{"eventName": …, "s3": {…}}, …]}` | S3 straight to SQS, or through SNS with raw delivery | URL-encoded, `+` for a space |
| `{"Type": "Notification", "Message": "…"}` | SNS; its message is any of these shapes | as inside |
| `{"detail-type": "Object Created", "source": "aws.s3", …}` | EventBridge | as it is |
| `{"Event": "s3:TestEvent", …}` | S3, when notifications are set up | none: nothing to do |
| `{"vinymatic": 1, "action": "look", "key": "…"}` | our own `encode_change` | as it is |
| `"key"`, or text that does not begin as JSON | people and scripts | as it is |

Every event about an object is only a LOOK, a removal too: events come late and out of order, so the bucket decides. A key is data:
`..`, a leading `/` and control characters are legal in it, and nobody may join it to a path.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from vinymatic.errors import MalformedMessageError
from vinymatic.queueing.port import Change, ChangeKind

LONGEST_KEY_BYTES = 1024
# A notification of a notification is possible, a tower of them is an attack on the stack.
_DEEPEST_WRAPPING = 4
_SHOWN = 200


def parse_message(body: str) -> list[Change]:
    """The changes that `body` tells of, in its order; none for a test event or zero records.

    Raises `MalformedMessageError` with the reason when nobody can act on it; one broken record condemns the whole message.
    """
    return _parse(body, _DEEPEST_WRAPPING)


def encode_change(change: Change) -> str:
    """Our own message for `change`: plain ASCII, since SQS takes no control characters."""
    return _Own(
        vinymatic=1, action=change.kind, key=change.key, bucket=change.bucket, happened_at=change.happened_at
    ).to_json()


def _check_key(key: str) -> str:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise ValueError("the key is not valid Unicode") from None
    if size == 0:
        raise ValueError("the key is empty")
    if size > LONGEST_KEY_BYTES:
        raise ValueError(f"the key has {size} bytes; S3 allows {LONGEST_KEY_BYTES}")
    return key


def _decode_key(key: str) -> str:
    """Undoes S3's URL encoding, exactly once: `%2520` is a key that holds `%20`."""
    try:
        return _check_key(unquote_plus(key, errors="strict"))
    except UnicodeDecodeError:
        raise ValueError("the URL-encoded key is not UTF-8") from None


Key = Annotated[str, AfterValidator(_check_key)]
EncodedKey = Annotated[str, AfterValidator(_decode_key)]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _Bucket(_Shape):
    name: str = Field(min_length=1)


class _EncodedObject(_Shape):
    key: EncodedKey


class _S3Part(_Shape):
    bucket: _Bucket
    object: _EncodedObject


class _S3Record(_Shape):
    eventName: str  # noqa: N815 - S3's spelling
    eventTime: str | None = None  # noqa: N815
    s3: _S3Part


class _S3Event(_Shape):
    Records: list[_S3Record]

    def changes(self) -> list[Change]:
        return [
            Change(r.s3.object.key, bucket=r.s3.bucket.name, happened_at=_seconds(r.eventTime)) for r in self.Records
        ]


class _BridgeObject(_Shape):
    key: Key


class _BridgeDetail(_Shape):
    bucket: _Bucket
    object: _BridgeObject


class _BridgeEvent(_Shape):
    source: Literal["aws.s3"]
    time: str | None = None
    detail: _BridgeDetail

    def changes(self) -> list[Change]:
        return [Change(self.detail.object.key, bucket=self.detail.bucket.name, happened_at=_seconds(self.time))]


class _Notification(_Shape):
    Message: str


class _Own(BaseModel):
    # Not strict: the action is a word in JSON. Unknown fields are refused: they would ask for something that we do not do.
    model_config = ConfigDict(frozen=True, extra="forbid")

    vinymatic: Literal[1]
    action: ChangeKind
    key: Key
    bucket: str | None = None
    happened_at: float | None = Field(default=None, allow_inf_nan=False)

    def to_json(self) -> str:
        return json.dumps(self.model_dump(mode="json", exclude_none=True))

    def changes(self) -> list[Change]:
        return [Change(self.key, self.action, self.bucket, self.happened_at)]


def _parse(body: str, depth: int) -> list[Change]:
    try:
        content = json.loads(body)
    except ValueError:
        if body.lstrip().startswith("{"):
            # A key may look so, but a broken event surely does: taken for a key it would vanish without a trace.
            raise MalformedMessageError(
                "JSON that does not parse; a key that begins so must be sent as a JSON string"
            ) from None
        return _plain(body)
    except RecursionError:
        raise MalformedMessageError("JSON nested too deep") from None
    if isinstance(content, str):
        return _plain_key(content)
    if isinstance(content, dict):
        try:
            return _parse_object(content, depth)
        except ValidationError as error:
            raise MalformedMessageError(_reason(error)) from None
    if isinstance(content, list):
        raise MalformedMessageError(f"a JSON list, not an event: {_shorten(body)}")
    return _plain(body)  # a number, true, null: a key that happens to be JSON


def _parse_object(content: dict[str, object], depth: int) -> list[Change]:
    if "vinymatic" in content:
        return _Own.model_validate(content).changes()
    if "Records" in content:
        return _S3Event.model_validate(content).changes()
    if content.get("Event") == "s3:TestEvent":
        return []
    if "detail-type" in content:
        return _BridgeEvent.model_validate(content).changes()
    if content.get("Type") == "Notification":
        if depth == 0:
            raise MalformedMessageError("SNS notifications wrapped in each other too often")
        return _parse(_Notification.model_validate(content).Message, depth - 1)
    if content.get("Type") == "SubscriptionConfirmation":
        raise MalformedMessageError(
            "an SNS subscription that waits to be confirmed; confirm it in the AWS account that owns it"
        )
    raise MalformedMessageError(f"a JSON object of an unknown shape: {_shorten(json.dumps(content))}")


def _plain(body: str) -> list[Change]:
    # `echo key | …` ends in one newline; a key that really does can be sent as a JSON string.
    return _plain_key(body.removesuffix("\n").removesuffix("\r"))


def _plain_key(key: str) -> list[Change]:
    try:
        return [Change(_check_key(key))]
    except ValueError as error:
        raise MalformedMessageError(str(error)) from None


def _seconds(text: str | None) -> float | None:
    """Unix seconds; None where the time cannot be read: it only feeds a metric, never a decision."""
    try:
        moment = datetime.fromisoformat(text) if text else None
        return moment.timestamp() if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
