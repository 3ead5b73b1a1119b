"""Work in processes of its own: side by side without one interpreter's lock among them, and alone, so that its memory can be told."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeVar

from vinymatic.threads import preset_native_threads

T = TypeVar("T")
_START_SECONDS = 600.0


def side_by_side(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Runs each job in a new process, all at once; what they return, in the jobs' order. Jobs may `wait_for_all` once."""
    # Inherited by the processes, whose pools are sized when numpy and faiss are loaded.
    preset_native_threads()
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(jobs))
    with ProcessPoolExecutor(len(jobs), context, initializer=_keep, initargs=(barrier,)) as pool:
        running = [pool.submit(partial(_run, job)) for job in jobs]
        return [future.result() for future in running]


def alone(job: Callable[[], T]) -> T:
    """Runs the job in a process of its own."""
    return side_by_side([job])[0]


def wait_for_all() -> None:
    """Within a job: waits until all jobs have got as far, so that none is timed while others still start."""
    assert _barrier is not None
    _barrier.wait(_START_SECONDS)


def forget_peak() -> None:
    """From here on, `peak_mebibytes` is that of what follows. Linux only; elsewhere the peak is that of the whole process."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_mebibytes() -> float:
    """This process's largest resident set, mapped files included."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage, it knows nothing of the parent that this process was started from
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1_024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / ((1 << 20) if os.uname().sysname == "Darwin" else 1_024)


def resident_mebibytes() -> float:
    """What of this process is in memory now, mapped files included. Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1_024


def _run(job: Callable[[], T]) -> T:
    try:
        return job()
    except BaseException:
        if _barrier is not None:
            _barrier.abort()  # the others would wait in vain
        raise


def _keep(barrier: Barrier) -> None:
    global _barrier  # a pool's initializer has no other way to hand something to its jobs
    _barrier = barrier


_barrier: Barrier | None = None
