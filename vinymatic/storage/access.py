"""How an S3 store is reached."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class S3Access:
    """`key_id` and `secret` both empty: the usual AWS chain (environment, profile, role, IRSA). `endpoint_url` empty: AWS itself."""

    key_id: str = ""
    secret: str = field(default="", repr=False)
    region: str = "us-east-1"
    endpoint_url: str = ""
