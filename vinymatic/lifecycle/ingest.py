"""One scan → a cover ready to be indexed. Pure: bytes in, features out."""

from __future__ import annotations

from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.features.model import FeatureModel
from vinymatic.features.types import Features
from vinymatic.index.appearance import make_thumbnail
from vinymatic.index.segment import PreparedCover


def prepare(
    data: bytes,
    *,
    id: str,  # noqa: A002 - the product's word
    etag: str,
    spec: FeatureSpec,
    model: FeatureModel,
    max_pixels: int,
) -> PreparedCover:
    """Checks, decodes and describes one scan.

    Raises `NotAnImageError`, `CorruptImageError`, `ImageTooLargeError`, `NoObjectFoundError`: none of them passes by trying again.
    """
    picture = decode(data, max_pixels=max_pixels, reduce_to=(spec.nor_x, spec.nor_y))
    raw = extract(picture, spec)
    return PreparedCover(
        id=id,
        etag=etag,
        size=len(data),
        width=picture.width,
        height=picture.height,
        features=Features(raw.points, model.reduce(raw.descriptors), raw.width, raw.height),
        thumbnail=make_thumbnail(picture.grey),
    )
