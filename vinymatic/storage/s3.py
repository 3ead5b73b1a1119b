"""The port on S3 and whatever speaks its protocol, through boto3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeVar

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.response import StreamingBody

from vinymatic.errors import (
    ImageTooLargeError,
    InvalidKeyError,
    ObjectNotFoundError,
    StorageDeniedError,
    StorageUnavailableError,
)
from vinymatic.storage import disk
from vinymatic.storage.access import S3Access
from vinymatic.storage.port import ObjectInfo, ObjectStore
from vinymatic.storage.s3_errors import translated

if TYPE_CHECKING:  # the stubs are not installed in production
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ResponseMetadataTypeDef

T = TypeVar("T")

_CONNECT_SECONDS = 5
_READ_SECONDS = 30
# Stores make writers of one key queue up: SeaweedFS takes about a second for each of them.
_CREATE_READ_SECONDS = 90
_ATTEMPTS = 4
_BODY_ATTEMPTS = 3
_CHUNK_BYTES = 1 << 20
_LONGEST_KEY_BYTES = 1024
# S3 copies up to 5 GB in one request; parts of less keep each request short of the time-out.
_LARGEST_COPY_BYTES = 512 << 20
_PAGE = 1000


class S3Store:
    """One folder of a bucket, or the whole bucket where `prefix` is empty; any S3 key is allowed. Thread-safe."""

    def __init__(self, bucket: str, prefix: str, access: S3Access, *, url: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._url = url
        self._access = access
        if bool(access.key_id) != bool(access.secret):
            raise StorageDeniedError(f"{url}: an access key and its secret belong together; only one is set")
        with translated(f"open {url}"):
            session = boto3.Session(
                aws_access_key_id=access.key_id or None,
                aws_secret_access_key=access.secret or None,
                region_name=access.region,
            )
            self._client = _client(session, access, attempts=_ATTEMPTS, read_seconds=_READ_SECONDS)
            # A retry after a lost answer would meet our own object and report a loss for a win.
            self._creating = _client(session, access, attempts=1, read_seconds=_CREATE_READ_SECONDS)

    @property
    def url(self) -> str:
        return self._url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        return self._whole(key, lambda body: body.read(), limit=limit)

    def head(self, key: str) -> ObjectInfo:
        full = self._full(key)
        try:
            with translated(self._doing("head", full)):
                answer = self._client.head_object(Bucket=self._bucket, Key=full)
        except ObjectNotFoundError:
            # HEAD carries no error code: tell a missing object from a missing bucket.
            self._require_bucket()
            raise
        return ObjectInfo(key, answer["ContentLength"], _bare(answer["ETag"]), answer["LastModified"])

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=self._prefix + prefix,
            StartAfter=self._prefix + start_after if start_after else "",
            PaginationConfig={"PageSize": _PAGE if limit is None else max(1, min(limit, _PAGE))},
        )
        yield from islice(self._listed(pages, self._doing("list", self._prefix + prefix)), limit)

    def put(self, key: str, data: bytes) -> ObjectInfo:
        full = self._full(key)
        with translated(self._doing("put", full)):
            answer = self._client.put_object(Bucket=self._bucket, Key=full, Body=data)
        return ObjectInfo(key, len(data), _bare(answer["ETag"]), _date(answer["ResponseMetadata"]))

    def create(self, key: str, data: bytes) -> ObjectInfo:
        full = self._full(key)
        with translated(self._doing("create", full)):
            answer = self._creating.put_object(Bucket=self._bucket, Key=full, Body=data, IfNoneMatch="*")
        return ObjectInfo(key, len(data), _bare(answer["ETag"]), _date(answer["ResponseMetadata"]))

    def delete(self, key: str) -> None:
        full = self._full(key)
        with translated(self._doing("delete", full)):
            self._client.delete_object(Bucket=self._bucket, Key=full)

    def download(self, key: str, path: Path) -> ObjectInfo:
        info: list[ObjectInfo] = []
        with disk.translated(f"write {path}"):
            disk.make_folders(path.parent)
            with disk.written(path.parent, lambda file: info.append(self._stream_into(file, key))) as part:
                part.replace(path)
        return info[-1]

    def upload(self, key: str, path: Path) -> ObjectInfo:
        full = self._full(key)
        with disk.translated(f"read {path}"), translated(self._doing("upload", full)):
            self._client.upload_file(str(path), self._bucket, full)
        return self.head(key)

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        """From any bucket that the same credentials reach at the same endpoint, by CopyObject; in parts where it is large."""
        if not isinstance(source, S3Store) or source._access != self._access:
            return None
        found = source.head(source_key)
        full, origin = self._full(key), source._full(source_key)
        with translated(self._doing("copy", full)):
            self._client.copy(
                {"Bucket": source._bucket, "Key": origin},
                self._bucket,
                full,
                Config=TransferConfig(multipart_threshold=_LARGEST_COPY_BYTES, multipart_chunksize=_LARGEST_COPY_BYTES),
            )
        copied = self.head(key)
        if copied.size != found.size:
            raise StorageUnavailableError(f"copy {source.url}/{source_key}: it changed while it was copied")
        return copied

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - the port's signature
        return None

    def _stream_into(self, file: BinaryIO, key: str) -> ObjectInfo:
        def copy(body: StreamingBody) -> None:
            file.seek(0)
            file.truncate()
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                file.write(chunk)

        return self._whole(key, copy)[1]

    def _whole(self, key: str, take: Callable[[StreamingBody], T], *, limit: int | None = None) -> tuple[T, ObjectInfo]:
        """What `take` makes of the whole object; `take` is called again when the body is cut off half-way."""
        full = self._full(key)
        for attempt in range(1, _BODY_ATTEMPTS + 1):
            with translated(self._doing("get", full)):
                answer = self._client.get_object(Bucket=self._bucket, Key=full)
            info = ObjectInfo(key, answer["ContentLength"], _bare(answer["ETag"]), answer["LastModified"])
            with closing(answer["Body"]) as body:  # closing drops the connection when something is left to read
                if limit is not None and info.size > limit:
                    raise ImageTooLargeError(f"{key} has {info.size} bytes; allowed are {limit}")
                try:
                    with translated(self._doing("read", full)):
                        return take(body), info
                except StorageUnavailableError:
                    # The SDK retries requests, not the reading of what they answer.
                    if attempt == _BODY_ATTEMPTS:
                        raise
        raise AssertionError("unreachable")

    def _listed(self, pages: Iterable[ListObjectsV2OutputTypeDef], action: str) -> Iterator[ObjectInfo]:
        with translated(action):
            for page in pages:
                for item in page.get("Contents", []):
                    key = item["Key"][len(self._prefix) :]
                    if key:  # the prefix itself is an object where a console made a "folder"
                        yield ObjectInfo(key, item["Size"], _bare(item["ETag"]), item["LastModified"])

    def _require_bucket(self) -> None:
        try:
            with translated(f"head s3://{self._bucket}"):
                self._client.head_bucket(Bucket=self._bucket)
        except ObjectNotFoundError as error:
            raise StorageDeniedError(f"the bucket {self._bucket} does not exist") from error

    def _full(self, key: str) -> str:
        full = self._prefix + key
        try:
            size = len(full.encode())
        except UnicodeEncodeError as error:
            raise InvalidKeyError(f"{key!r} is not valid Unicode") from error
        if not key or size > _LONGEST_KEY_BYTES:
            raise InvalidKeyError(
                f"a key has 1 to {_LONGEST_KEY_BYTES} bytes with its prefix; {key[:40]!r}… has {size}"
            )
        return full

    def _doing(self, verb: str, full: str) -> str:
        return f"{verb} s3://{self._bucket}/{full}"


def _client(session: boto3.Session, access: S3Access, *, attempts: int, read_seconds: int) -> S3Client:
    # CRC trailers are what S3 itself wants today; stores that speak its protocol do not all understand them.
    checksums: Literal["when_supported", "when_required"] = "when_required" if access.endpoint_url else "when_supported"
    return session.client(
        "s3",
        endpoint_url=access.endpoint_url or None,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
            max_pool_connections=64,
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
            s3={"addressing_style": "path" if access.endpoint_url else "auto"},
        ),
    )


def _bare(etag: str) -> str:
    return etag.strip('"')


def _date(metadata: ResponseMetadataTypeDef) -> datetime:
    """The server's time of the answer: a PUT does not tell when the object was modified."""
    stamp = metadata["HTTPHeaders"].get("date")
    return parsedate_to_datetime(stamp) if stamp else datetime.now(UTC)
