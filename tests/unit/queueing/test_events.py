"""Every shape of message, with keys that only S3 would allow."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.errors import MalformedMessageError
from vinymatic.queueing.events import encode_change, parse_message
from vinymatic.queueing.port import Change, ChangeKind

pytestmark = pytest.mark.unit

NASTY_KEYS = [
    "../../etc/passwd",
    "/leading",
    "a//b",
    "Blue Note/Blue Train (1957).jpg",
    "a+b.jpg",
    "%20.jpg",
    "%2520",
    "é è.jpg",
    "💿/スリーブ.png",
    "tab\there",
    "null\x00byte",
    'quote".jpg',
    "{brace}.jpg",
    "?x=1#y",
    " ",
    "\ufeffbom",
]

keys = st.one_of(
    st.sampled_from(NASTY_KEYS),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=250),
).filter(lambda key: len(key.encode()) <= 1024)


def s3_record(encoded_key: str, *, name: str = "ObjectCreated:Put", bucket: str = "covers") -> dict[str, object]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-02T03:04:05.678Z",
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": encoded_key, "size": 12, "eTag": "abc", "sequencer": "0055"},
        },
    }


def s3_event(*encoded_keys: str) -> str:
    return json.dumps({"Records": [s3_record(key) for key in encoded_keys]})


def bridge_event(key: str, kind: str = "Object Created") -> str:
    return json.dumps(
        {
            "version": "0",
            "detail-type": kind,
            "source": "aws.s3",
            "time": "2026-01-02T03:04:05Z",
            "detail": {"version": "0", "bucket": {"name": "covers"}, "object": {"key": key, "size": 12}},
        }
    )


def sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:…", "Message": message})


@given(keys)
def test_a_key_survives_s3s_own_encoding(key: str) -> None:
    # quote_plus is what S3 does; some stores write %20 for a space.
    for encoded in (quote_plus(key), quote(key)):
        assert parse_message(s3_event(encoded)) == [Change(key, bucket="covers", happened_at=1767323045.678)]


@given(keys)
def test_a_key_survives_sns(key: str) -> None:
    assert [change.key for change in parse_message(sns(s3_event(quote_plus(key))))] == [key]
    assert parse_message(sns(json.dumps(key))) == [Change(key)]


@given(keys)
def test_a_key_in_an_eventbridge_event_is_not_url_encoded(key: str) -> None:
    assert parse_message(bridge_event(key)) == [Change(key, bucket="covers", happened_at=1767323045.0)]


@given(keys)
def test_a_json_string_is_a_key(key: str) -> None:
    assert parse_message(json.dumps(key)) == [Change(key)]


@given(keys.filter(lambda key: not key.endswith(("\r", "\n"))))
def test_text_that_is_not_json_is_a_key(key: str) -> None:
    text = f"covers/{key}"  # never JSON, never blank
    for newline in ("", "\n", "\r\n"):
        assert parse_message(text + newline) == [Change(text)]


@given(
    keys,
    st.sampled_from(ChangeKind),
    st.none() | st.just("covers"),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_our_own_message_round_trips(key: str, kind: ChangeKind, bucket: str | None, moment: float | None) -> None:
    change = Change(key, kind, bucket, moment)
    encoded = encode_change(change)
    assert encoded.isascii()
    assert encoded.isprintable()
    assert parse_message(encoded) == [change]


@pytest.mark.parametrize("body", ["12345", "1e5", "true", "null", "-0", "NaN"])
def test_a_bare_json_scalar_is_a_key(body: str) -> None:
    assert parse_message(body) == [Change(body)]


def test_a_url_encoded_key_is_decoded_exactly_once() -> None:
    assert [change.key for change in parse_message(s3_event("a%252Fb+c%2B"))] == ["a%2Fb c+"]


def test_records_come_in_the_messages_order() -> None:
    assert [change.key for change in parse_message(s3_event("b", "a", "b"))] == ["b", "a", "b"]


@pytest.mark.parametrize(
    "name", ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"]
)
def test_a_removal_is_only_a_reason_to_look(name: str) -> None:
    body = json.dumps({"Records": [s3_record("gone.jpg", name=name)]})
    assert [change.kind for change in parse_message(body)] == [ChangeKind.LOOK]
    assert parse_message(bridge_event("gone.jpg", "Object Deleted"))[0].kind is ChangeKind.LOOK


@pytest.mark.parametrize(
    "body",
    [
        '{"Records": []}',
        '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "covers"}',
        sns('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "covers"}'),
    ],
)
def test_a_message_without_records_asks_for_nothing(body: str) -> None:
    assert parse_message(body) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the key is empty"),
        ("\n", "the key is empty"),
        ('""', "the key is empty"),
        ("x" * 1025, "1025 bytes"),
        (json.dumps("é" * 513), "1026 bytes"),
        ('"\\ud800"', "not valid Unicode"),
        ("[1]", "a JSON list"),
        ("{}", "unknown shape"),
        ('{"foo": 1}', "unknown shape"),
        ('{"Records": 1}', "Records: "),
        ('{"Records": [1]}', "Records.0: "),
        ('{"Records": [{"eventName": "x"}]}', "Records.0.s3: "),
        (s3_event(""), "Records.0.s3.object.key: the key is empty"),
        (s3_event("ok", "%FF"), "Records.1.s3.object.key: the URL-encoded key is not UTF-8"),
        (json.dumps({"Records": [s3_record("a", bucket="")]}), "bucket.name"),
        (bridge_event("a").replace("aws.s3", "aws.ec2"), "source: "),
        ('{"detail-type": "Object Created"}', "source: "),
        ('{"Type": "Notification"}', "Message: "),
        ('{"Type": "SubscriptionConfirmation", "SubscribeURL": "https://x"}', "subscription"),
        ('{"vinymatic": 2, "action": "look", "key": "a"}', "vinymatic: "),
        ('{"vinymatic": 1, "action": "eat", "key": "a"}', "action: "),
        ('{"vinymatic": 1, "action": "look"}', "key: "),
        ('{"vinymatic": 1, "action": "look", "key": "a", "force": true}', "force: "),
        ('{"vinymatic": 1, "action": "look", "key": ""}', "key: the key is empty"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
    ],
)
def test_what_nobody_can_act_on_is_refused_with_its_reason(body: str, reason: str) -> None:
    with pytest.raises(MalformedMessageError) as caught:
        parse_message(body)
    assert reason in str(caught.value)


def test_a_tower_of_notifications_is_refused() -> None:
    body = s3_event("a")
    for _ in range(6):
        body = sns(body)
    with pytest.raises(MalformedMessageError, match="too often"):
        parse_message(body)


def test_a_time_that_cannot_be_read_does_not_stop_an_event() -> None:
    assert parse_message(s3_event("a").replace("2026-01-02T03:04:05.678Z", "yesterday")) == [
        Change("a", bucket="covers")
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "object", "key", "bucket", "name", "Type", "Message", "vinymatic", "detail"]
            )
            | st.text(),
            inner,
        )
    ),
    max_leaves=20,
)


@given(json_values.map(json.dumps) | st.text())
def test_any_text_is_either_changes_or_a_malformed_message(body: str) -> None:
    try:
        changes = parse_message(body)
    except MalformedMessageError:
        return
    assert all(0 < len(change.key.encode()) <= 1024 for change in changes)


def test_a_broken_event_is_not_taken_for_a_key() -> None:
    with pytest.raises(MalformedMessageError, match="does not parse"):
        parse_message('{"Records": [')
    assert parse_message("[1974] Hollow Coast.jpg") == [Change("[1974] Hollow Coast.jpg")]
