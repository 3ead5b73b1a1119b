"""What describing and encoding a cover takes over decode and SIFT alone, for `bench.real`."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from bench.asking import Alone
from bench.catalogue import Source, cover_spec
from vinymatic.features.model import FeatureModel
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import dump_encoding, encode_descriptors
from vinymatic.index.segment import build_segment
from vinymatic.lifecycle.ingest import prepare
from vinymatic.settings import IngestorSettings


def ingest_over_alone(sources: Sequence[Source], codebook: Codebook) -> dict[str, float]:
    """Milliseconds a cover from a scan's bytes to a segment's, and of decode and SIFT alone at the same size; scan by scan in turn."""
    spec, most = cover_spec(), IngestorSettings().max_pixels
    bare = Alone(spec.num_features, max(spec.nor_x, spec.nor_y))
    covers, alone, whole = [], 0.0, 0.0
    for source in sources:
        scan = source.bytes()
        alone += bare.milliseconds(scan)
        begin = perf_counter()
        covers.append(prepare(scan, id=source.id, etag="1", spec=spec, model=FeatureModel(), max_pixels=most))
        whole += (perf_counter() - begin) * 1_000
    begin = perf_counter()
    build_segment(covers)
    dump_encoding(encode_descriptors(codebook, np.concatenate([cover.features.descriptors for cover in covers])))
    whole += (perf_counter() - begin) * 1_000
    return {"whole": whole / len(sources), "alone": alone / len(sources), "ratio": whole / alone}
