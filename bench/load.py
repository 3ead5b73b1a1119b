"""Requests over HTTP under load: `python -m bench.load [--data FOLDER]`.

A closed loop: so many clients, each of which sends its next photo when it has its answer. An open loop: photos arrive at random (Poisson)
at a rate, whether or not others are still waiting; a time counts from the arrival, so that waiting for a slow server is not left out.
Server and clients share this machine's cores. The photos are real ones from FOLDER, or simulated ones of generated sleeves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from bench.catalogue import SERIES, SLEEVE_SEED, Data, catalogue, folder_for_work, sleeves
from bench.record import keep, parser_for
from bench.served import Served, served
from bench.tables import quantile, say, table
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve
from vinymatic.threads import limit_native_threads, preset_native_threads, usable_cores

SLEEVES, PHOTOS = 200, 40
_WAITERS = 128


@dataclass
class Loop:
    """What came back. `seconds`: of each answered photo. `span`: how long it took in all."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    span: float = 0.0
    cpu: float = 0.0

    def figures(self) -> dict[str, float]:
        answered = len(self.seconds)
        return {
            "a_second": answered / max(self.span, 1e-9),
            **{f"p{n}": 1_000 * quantile(self.seconds, n / 100) for n in (50, 95, 99)},
            "answered": answered,
            "refused": self.refused,
            "failed": self.failed,
            "cpu": 1_000 * self.cpu / max(1, answered),
        }


class Client:
    """Sends the photos in turn, from many threads."""

    def __init__(self, server: Served, photos: Sequence[bytes]) -> None:
        limits = httpx.Limits(max_connections=_WAITERS, max_keepalive_connections=_WAITERS)
        self._http = httpx.Client(base_url=server.url, timeout=60, limits=limits)
        self._photos, self._server = photos, server
        self._lock, self._sent = threading.Lock(), 0

    def send(self, loop: Loop, arrived: float | None = None) -> None:
        with self._lock:
            photo = self._photos[self._sent % len(self._photos)]
            self._sent += 1
        begin = time.perf_counter() if arrived is None else arrived
        try:
            status = self._http.post("/v1/search", content=photo, headers={"Content-Type": "image/jpeg"}).status_code
        except httpx.TransportError:
            status = 0
        spent = time.perf_counter() - begin
        with self._lock:
            if status == httpx.codes.OK:
                loop.seconds.append(spent)
            elif status == httpx.codes.SERVICE_UNAVAILABLE:
                loop.refused += 1
            else:
                loop.failed += 1

    def closed(self, clients: int, seconds: float) -> Loop:
        end = time.perf_counter() + seconds

        def run() -> None:
            while time.perf_counter() < end:
                self.send(loop)

        loop, cpu, begin = Loop(), self._server.cpu_seconds(), time.perf_counter()
        with ThreadPoolExecutor(clients) as threads:
            for done in [threads.submit(run) for _ in range(clients)]:
                done.result()
        loop.span, loop.cpu = time.perf_counter() - begin, self._server.cpu_seconds() - cpu
        return loop

    def open(self, rate: float, seconds: float, seed: int) -> Loop:
        offsets = arrivals(rate, seconds, seed)
        loop, cpu, begin = Loop(), self._server.cpu_seconds(), time.perf_counter()
        with ThreadPoolExecutor(_WAITERS) as threads:
            sent = []
            for offset in offsets:
                time.sleep(max(0.0, begin + offset - time.perf_counter()))
                sent.append(threads.submit(self.send, loop, begin + offset))
            for done in sent:
                done.result()
        loop.span, loop.cpu = time.perf_counter() - begin, self._server.cpu_seconds() - cpu
        return loop


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Seconds from the start of each arrival of a Poisson process; the same for the same seed."""
    gaps = np.random.default_rng(seed).exponential(1 / rate, max(16, round(4 * rate * seconds)))
    times = np.cumsum(gaps)
    return [float(at) for at in times[times < seconds]]


def photos_for(data: Data) -> list[bytes]:
    if paths := data.files("photos"):
        return [path.read_bytes() for path in paths[:: max(1, len(paths) // PHOTOS)]]
    say("no photos: simulated ones; point --data at a folder with references, photos and distractors to send real ones")
    covers = (sleeve(SLEEVE_SEED + seed, series=seed % SERIES).image for seed in range(PHOTOS))
    return [simulate(cover, seed, Level.MEDIUM).jpeg() for seed, cover in enumerate(covers)]


def measure(
    place: Path,
    log: Path,
    photos: Sequence[bytes],
    clients: Sequence[int],
    shares: Sequence[float],
    seconds: float,
    seed: int,
) -> dict[str, Any]:
    closed, opened = {}, {}
    with served(place, log) as server:
        client = Client(server, photos)
        client.closed(2, min(3.0, seconds))  # warms the page cache and the threads
        for count in clients:
            closed[str(count)] = client.closed(count, seconds).figures()
            say(f"{count} clients: {closed[str(count)]}")
        best = max(loop["a_second"] for loop in closed.values())
        for share in shares:
            rate = share * best
            opened[f"{rate:.1f}"] = client.open(rate, seconds, seed).figures()
            say(f"{rate:.1f} arrivals a second: {opened[f'{rate:.1f}']}")
        resident = server.resident_mebibytes()
    one = closed[str(min(clients))]
    return {
        "closed": closed,
        "open": opened,
        "open_shares": list(shares),
        # Requests a second against what one alone, back to back, makes: the cores that are put to use.
        "against_one": best * one["p50"] / 1_000,
        "resident": resident,
    }


HEADER = ("requests/s", "p50, ms", "p95, ms", "p99, ms", "answered", "503", "failed", "CPU a request, ms")


def tables(figures: dict[str, Any]) -> list[str]:
    rows = []
    for kind, unit in (("closed", "clients"), ("open", "arrivals/s")):
        for name, one in figures[kind].items():
            times = [f"{one[key]:.0f}" for key in ("p50", "p95", "p99")]
            counts = [f"{one[key]:,}" for key in ("answered", "refused", "failed")]
            rows.append((f"{kind} loop, {name} {unit}", f"{one['a_second']:.1f}", *times, *counts, f"{one['cpu']:.0f}"))
    factor = f"Most requests a second over what the median of one client allows one after the other: {figures['against_one']:.2f}."
    return [table(("", *HEADER), rows), factor]


def main() -> None:
    parser = parser_for(__doc__, data=True)
    parser.add_argument("--covers", type=int, default=1_600)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 8], help="of the closed loops")
    parser.add_argument(
        "--shares",
        type=float,
        nargs="+",
        default=[0.5, 0.8, 1.2],
        help="rates of the open loops over the best closed one",
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of each loop")
    parser.add_argument("--seed", type=int, default=1, help="of the arrivals")
    parser.add_argument("--processes", type=int, default=usable_cores(), help="that describe covers")
    arguments = parser.parse_args()
    preset_native_threads()
    limit_native_threads()
    data = Data(arguments.data)
    photos = photos_for(data)
    sources = ([*data.sources("references"), *data.sources("distractors")] or sleeves(SLEEVES))[: arguments.covers]
    with folder_for_work(arguments.work) as work:
        place = catalogue(work, sources, arguments.covers - len(sources), arguments.processes)
        loops = (arguments.clients, arguments.shares, arguments.seconds, arguments.seed)
        figures = measure(place, work / "serve.log", photos, *loops)
    print("\n\n".join(tables(figures)))
    keep(arguments, "load", figures)


if __name__ == "__main__":
    main()
