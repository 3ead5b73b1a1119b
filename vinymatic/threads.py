"""One native thread for each of ours.

The services run one job on each thread of a fixed pool. OpenMP, OpenCV and BLAS would each start a pool of their own inside every job: on a
pod with few cores the jobs then fight for them, and a search takes several times as long under load as alone.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def preset_native_threads() -> None:
    """Sets the environment that BLAS and OpenMP read when they are loaded; what the user has set stays.

    Call it before numpy, faiss or cv2 is imported: BLAS can be told in no other way that needs no further dependency.
    """
    for name in VARIABLES:
        os.environ.setdefault(name, "1")


def usable_cores(quota_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that this process may use: its CPU set, narrowed by a container's CPU limit (cgroup v2). At least 1.

    A pod with a limit of 2 on a node of 64 cores sees all 64; 64 threads would share its 2 by being stopped most of the time.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
        return cores if quota == "max" else min(cores, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):
        return cores


def limit_native_threads() -> None:
    """One OpenCV thread in this process and one OpenMP thread for work started from the calling thread.

    Call it in each worker thread: OpenMP keeps its number for each thread that starts parallel work.
    """
    # Imported here, so that `preset_native_threads` can be imported before anything that loads BLAS.
    import cv2
    import faiss

    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
