"""Every error that Vinymatic raises, as one tree.

    VinymaticError
    ├── SettingError              a variable's value is not allowed; the start stops
    ├── ImageError                the image is at fault: trying again changes nothing
    │   ├── NotAnImageError       not a JPEG, PNG or WebP
    │   ├── CorruptImageError     truncated or damaged
    │   ├── ImageTooLargeError    more bytes or pixels than allowed
    │   └── NoObjectFoundError    decoded, but nothing in it can be recognised
    ├── ListingError              a list of keys or an inventory that cannot be read, or is not of our bucket
    ├── StorageError
    │   ├── ObjectNotFoundError
    │   ├── ObjectExistsError     a create met an object that is already there (HTTP 412)
    │   ├── StorageUnavailableError   passing: time-out, refused, 5xx, 409; a write may or may not have landed
    │   ├── StorageDeniedError    credentials or policy (401, 403)
    │   └── InvalidKeyError       a key that this adapter cannot hold
    ├── QueueError
    │   ├── QueueUnavailableError     passing
    │   ├── QueueDeniedError
    │   └── MalformedMessageError     a message that nobody can act on
    │       └── UnknownBucketError    it names a bucket that this process does not read
    └── CatalogueError
        ├── CorruptFileError      bytes that differ from the manifest's sha256, or do not parse
        ├── UnsupportedFormatError    written by a newer Vinymatic
        ├── IndexMismatchError    our settings do not fit this index (SIFT_DIMENSIONS)
        ├── NoIndexError          nothing is committed, or nothing loaded yet
        ├── CoverNotFoundError
        ├── EpochError            the codebooks' epochs do not allow this step (no candidate, not encoded yet, not measured)
        └── ContentionError       other writers won every round

Errors of outside libraries are translated into these at the edge (the adapters, the decoder), so that nobody else has to know them.
"""

from __future__ import annotations


class VinymaticError(Exception):
    """The root. `code` is the stable word that APIs, metrics and reject records use."""

    code = "error"

    @property
    def message(self) -> str:
        return str(self)


class SettingError(VinymaticError):
    code = "bad_setting"

    def __init__(self, name: str, value: str, allowed: str) -> None:
        super().__init__(f"{name}={value!r}: allowed is {allowed}")
        self.name = name
        self.value = value
        self.allowed = allowed


class ImageError(VinymaticError):
    code = "bad_image"


class NotAnImageError(ImageError):
    code = "not_an_image"


class CorruptImageError(ImageError):
    code = "corrupt_image"


class ImageTooLargeError(ImageError):
    code = "image_too_large"


class NoObjectFoundError(ImageError):
    code = "no_object_found"


class ListingError(VinymaticError):
    code = "bad_listing"


class StorageError(VinymaticError):
    code = "storage_error"


class ObjectNotFoundError(StorageError):
    code = "object_not_found"


class ObjectExistsError(StorageError):
    code = "object_exists"


class StorageUnavailableError(StorageError):
    code = "storage_unavailable"


class StorageDeniedError(StorageError):
    code = "storage_denied"


class InvalidKeyError(StorageError):
    code = "invalid_key"


class QueueError(VinymaticError):
    code = "queue_error"


class QueueUnavailableError(QueueError):
    code = "queue_unavailable"


class QueueDeniedError(QueueError):
    code = "queue_denied"


class MalformedMessageError(QueueError):
    code = "malformed_message"


class UnknownBucketError(MalformedMessageError):
    code = "unknown_bucket"


class CatalogueError(VinymaticError):
    code = "catalogue_error"


class CorruptFileError(CatalogueError):
    code = "corrupt_file"


class UnsupportedFormatError(CatalogueError):
    code = "unsupported_format"


class IndexMismatchError(CatalogueError):
    code = "index_mismatch"


class NoIndexError(CatalogueError):
    code = "no_index"


class CoverNotFoundError(CatalogueError):
    code = "cover_not_found"


class EpochError(CatalogueError):
    code = "epoch"


class ContentionError(CatalogueError):
    code = "contention"
