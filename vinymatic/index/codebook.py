"""A codebook: a coarse quantizer (HNSW over k-means centroids) and a product quantizer, numbered by epoch, immutable.

That of a large index is compact: OPQ's rotation (Ge, He, Ke & Sun 2013) shares the variance out among the sub-quantizers, so that 8 bytes a
descriptor find what 16 find without it. Distances do not change, so lists and codes both live in rotated space.

Non-residual PQ (Jégou, Douze & Schmid 2011, without the residual): codes do not depend on the list, so one table of distances serves a
whole query and segments merge by moving codes. Residual PQ kept a 268 MB table for each index at 16k lists.
"""

from __future__ import annotations

import hashlib

import faiss
import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import CorruptFileError
from vinymatic.index.manifest import CodebookEntry

CODE_BITS = 8
HNSW_NEIGHBOURS = 32
HNSW_BUILD_BREADTH = 80
HNSW_SEARCH_BREADTH = 16
PQ_ROUNDS = 10
PQ_SAMPLE = 1 << 15
OPQ_ROUNDS = 10
# Lists of an index that is large enough to need smaller codes, and whose training may take longer.
COMPACT_FROM = 16_384
_BLOCK = 1 << 16
# The shipped sample is small; Faiss would print a warning for each sub-quantizer.
_FEWEST_POINTS = 1


def code_size(dimensions: int, *, compact: bool) -> int:
    """Bytes of a code: 16 where that divides the dimensions, else 8; 8 always where it is `compact`."""
    return 16 if dimensions % 16 == 0 and not compact else 8


class Codebook:
    """Assigns descriptors to lists and encodes them. Safe to read from many threads."""

    def __init__(self, index: faiss.IndexIVFPQ, epoch: int, rotation: NDArray[np.float32] | None = None) -> None:
        """`rotation`: float32 [dimensions, dimensions], orthonormal, applied to descriptors as columns; None for none, as in old files."""
        self.epoch = epoch
        self._index = index
        self._rotation = rotation
        self.lists: int = index.nlist
        self.dimensions: int = index.d
        self.code_size: int = index.code_size

    @property
    def faiss_index(self) -> faiss.IndexIVFPQ:
        """The trained index without entries that partitions of a snapshot share quantizers with."""
        return self._index

    def vectors(self, descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 [n, dimensions]: the descriptors in the space of lists and codes."""
        plain = descriptors.astype(np.float32)
        return plain if self._rotation is None else np.ascontiguousarray(plain @ self._rotation.T)

    def assign(self, vectors: NDArray[np.float32], probes: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Squared distances and numbers of the `probes` nearest lists (or of all there are), [n, probes] each; a number of -1 is none."""
        # Faiss cuts the number of probes itself when it scans lists, and would then misread longer rows.
        probes = min(probes, self.lists)
        parameters = faiss.SearchParametersHNSW(efSearch=max(HNSW_SEARCH_BREADTH, probes))
        distances, lists = self._index.quantizer.search(vectors, probes, params=parameters)
        return distances, lists

    def encode(self, descriptors: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """The list [n] and the PQ code [n, code_size] of each descriptor. Block by block: as floats, a large segment takes gigabytes."""
        lists, codes = np.empty(len(descriptors), np.int32), np.empty((len(descriptors), self.code_size), np.uint8)
        for begin in range(0, len(descriptors), _BLOCK):
            block = self.vectors(descriptors[begin : begin + _BLOCK])
            lists[begin : begin + _BLOCK] = self.assign(block)[1][:, 0]
            codes[begin : begin + _BLOCK] = self._index.pq.compute_codes(block)
        return lists, codes

    def error(self, descriptors: NDArray[np.uint8], codes: NDArray[np.uint8]) -> float:
        """Mean squared distance, in the descriptors' own steps, between each descriptor and what its code stands for; 0 for none."""
        total = 0.0
        for begin in range(0, len(descriptors), _BLOCK):
            coded = self._index.pq.decode(np.ascontiguousarray(codes[begin : begin + _BLOCK]))
            total += float(np.square(self.vectors(descriptors[begin : begin + _BLOCK]) - coded).sum(dtype=np.float64))
        return total / max(1, len(descriptors))

    def to_bytes(self) -> bytes:
        """The Faiss file (`faiss.write_index`) of the index without entries."""
        return bytes(faiss.serialize_index(self._with_rotation()).tobytes())

    def _with_rotation(self) -> faiss.Index:
        if self._rotation is None:
            return self._index
        transform = faiss.LinearTransform(self.dimensions, self.dimensions, False)
        faiss.copy_array_to_vector(self._rotation.ravel(), transform.A)
        transform.is_trained = True
        return faiss.IndexPreTransform(transform, self._index)

    @classmethod
    def open(cls, data: bytes, book: CodebookEntry, dimensions: int) -> Codebook:
        """From the bytes of `book`'s file: of these very bytes, whatever became of the file since it was checked.

        Raises `CorruptFileError` when they are not the manifest's, before Faiss sees them.
        """
        if hashlib.sha256(data).hexdigest() != book.file.sha256:
            raise CorruptFileError(f"{book.file.key}: its bytes are not those of the manifest")
        return cls.from_bytes(data, book.epoch, dimensions)

    @classmethod
    def from_bytes(cls, data: bytes, epoch: int, dimensions: int) -> Codebook:
        """Call only with bytes whose sha256 was checked: reading a Faiss file is a memory-corruption surface.

        Raises `CorruptFileError` when it is not a codebook of these dimensions.
        """
        try:
            index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError as error:
            raise CorruptFileError(f"codebook {epoch}: not a Faiss index") from error
        rotation = None
        if isinstance(index, faiss.IndexPreTransform):
            rotation, index = _opened(index)
        fits = (
            isinstance(index, faiss.IndexIVFPQ)
            and index.d == dimensions
            and index.ntotal == 0
            and not index.by_residual
            and index.metric_type == faiss.METRIC_L2
            and index.pq.nbits == CODE_BITS
        )
        if not fits:
            raise CorruptFileError(f"codebook {epoch}: not an empty non-residual IVFPQ of {dimensions} dimensions")
        return cls(index, epoch, rotation)


def _opened(index: faiss.IndexPreTransform) -> tuple[NDArray[np.float32] | None, faiss.Index]:
    """The rotation before an index, and that index; None for the rotation where the transform is none."""
    inner = faiss.downcast_index(index.index)
    # Python frees the outer one with this call: the inner one must own itself.
    index.own_fields = False
    inner.this.own(True)
    transform = faiss.downcast_VectorTransform(index.chain.at(0)) if index.chain.size() == 1 else None
    if not isinstance(transform, faiss.LinearTransform) or transform.have_bias or transform.d_in != transform.d_out:
        return None, index
    matrix = faiss.vector_to_array(transform.A).reshape(transform.d_out, transform.d_in)
    # Another transform would change distances, and with them what `d_k` means.
    if not np.allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-3):
        return None, index
    return np.ascontiguousarray(matrix, np.float32), inner


def lists_for(features: int) -> int:
    """How many lists suit an index of `features` features: a power of two near one list for 100 features, 1,024 … 65,536."""
    wanted = max(1, features // 100)
    return int(min(65_536, max(1_024, 1 << (wanted - 1).bit_length())))


def train_codebook(
    sample: NDArray[np.uint8], lists: int, epoch: int, *, seed: int = 1, compact: bool | None = None
) -> Codebook:
    """A codebook from `sample` (uint8 [n, dimensions], n ≥ lists), the same for the same input.

    `compact`: rotated, with codes of 8 bytes; None: from COMPACT_FROM lists on.
    Coarse: a random sample as centroids and one Lloyd step, as good here as k-means run to its end and 20 times faster.
    """
    if len(sample) < lists:
        raise ValueError(f"{len(sample)} descriptors cannot train {lists} lists")
    vectors = np.random.default_rng(seed).permutation(sample).astype(np.float32)
    dimensions = vectors.shape[1]
    compact = lists >= COMPACT_FROM if compact is None else compact
    size = code_size(dimensions, compact=compact)
    rotation = _rotation(vectors[:PQ_SAMPLE], size) if compact else None
    if rotation is not None:
        vectors = np.ascontiguousarray(vectors @ rotation.T)
    quantizer = _coarse_quantizer(vectors, lists)
    index = faiss.IndexIVFPQ(quantizer, dimensions, lists, size, CODE_BITS)
    index.by_residual = False
    index.pq.cp.seed = seed
    index.pq.cp.niter = PQ_ROUNDS
    index.pq.cp.min_points_per_centroid = _FEWEST_POINTS
    index.pq.train(vectors[:PQ_SAMPLE])
    index.is_trained = True
    # The index must free the quantizer itself: Python would drop it first.
    quantizer.this.disown()
    index.own_fields = True
    return Codebook(index, epoch, rotation)


def _rotation(vectors: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """float32 [dimensions, dimensions]: OPQ's for codes of `size` bytes."""
    dimensions = vectors.shape[1]
    quantizer = faiss.ProductQuantizer(dimensions, size, CODE_BITS)
    quantizer.cp.min_points_per_centroid = _FEWEST_POINTS
    matrix = faiss.OPQMatrix(dimensions, size)
    matrix.niter = OPQ_ROUNDS
    matrix.pq = quantizer
    matrix.train(vectors)
    matrix.pq = None  # Python's; the matrix would free it too
    return np.ascontiguousarray(faiss.vector_to_array(matrix.A).reshape(dimensions, dimensions))


def _coarse_quantizer(vectors: NDArray[np.float32], lists: int) -> faiss.IndexHNSWFlat:
    first = _hnsw(vectors[:lists])
    _, nearest = first.search(vectors, 1, params=faiss.SearchParametersHNSW(efSearch=HNSW_SEARCH_BREADTH))
    numbers = nearest[:, 0]
    order = np.argsort(numbers, kind="stable")
    present, begins, counts = np.unique(numbers[order], return_index=True, return_counts=True)
    centroids = vectors[:lists].copy()
    centroids[present] = np.add.reduceat(vectors[order], begins, axis=0) / counts[:, None].astype(np.float32)
    return _hnsw(centroids)


def _hnsw(centroids: NDArray[np.float32]) -> faiss.IndexHNSWFlat:
    graph = faiss.IndexHNSWFlat(centroids.shape[1], HNSW_NEIGHBOURS)
    graph.hnsw.efConstruction = HNSW_BUILD_BREADTH
    graph.add(centroids)
    return graph
