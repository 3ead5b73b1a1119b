"""What we are compared with does what its name says, or the comparison would be worth nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.asking import Alone
from bench.peers import BruteForce, Cover, Peer, PerceptualHash, Votes, perceptual_hash
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.unit

SLEEVES = [sleeve(seed, side=480) for seed in range(4)]


def covers() -> list[Cover]:
    scans = [made.jpeg() for made in SLEEVES]
    return [Cover(str(n), *Alone().features(scan), perceptual_hash(scan)) for n, scan in enumerate(scans)]


@pytest.mark.parametrize(
    "make", [lambda: Votes(ratio=0.8), lambda: Votes(cosine=0.9), BruteForce], ids=["ratio", "cosine", "brute force"]
)
def test_a_peer_that_matches_features_finds_the_cover_of_an_easy_photo(make: Callable[[], Peer]) -> None:
    peer = make()
    described = covers()
    peer.add(described[:3])
    peer.add(described[3:])
    for number in (1, 3):
        found = peer.ask(simulate(SLEEVES[number].image, number, Level.EASY).jpeg())
        assert (found.first, found.accepted) == (str(number), True)
    assert peer.bytes_a_cover() > 10_000


def test_the_hash_finds_the_scan_itself_and_no_more_is_asked_of_it() -> None:
    peer = PerceptualHash()
    peer.add(covers())
    found = peer.ask(SLEEVES[2].jpeg(60))
    assert (found.first, found.accepted) == ("2", True)
