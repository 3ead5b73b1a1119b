"""Where things lie, as the library writes it: s3://bucket/prefix. Pure."""

from __future__ import annotations

from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.restore import RestoreTo


def index_url(spec: IndexSpec) -> str:
    return f"s3://{spec.storage.bucket}/{spec.storage.prefix}"


def backup_url(spec: IndexSpec) -> str | None:
    if spec.backup is None:
        return None
    return f"s3://{spec.backup.bucket or spec.storage.bucket}/{spec.backup.prefix}"


def scratch_url(spec: IndexSpec) -> str:
    """Where drills restore into; only asked for where there are backups."""
    assert spec.backup is not None
    drill = spec.backup.drill
    prefix = drill.scratch_prefix if drill is not None else None
    return f"s3://{spec.backup.bucket or spec.storage.bucket}/{prefix or f'{spec.backup.prefix}-drill'}"


def target_url(spec: IndexSpec, target: RestoreTo) -> str:
    return f"s3://{target.bucket or spec.storage.bucket}/{target.prefix}"
