"""Object storage behind one small port: S3 and a local directory."""

from vinymatic.storage.open import S3Access, open_store
from vinymatic.storage.port import ObjectInfo, ObjectStore

__all__ = ["ObjectInfo", "ObjectStore", "S3Access", "open_store"]
