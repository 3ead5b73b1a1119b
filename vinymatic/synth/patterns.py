"""Pictures of nothing: geometry, waves, tiles, marbling, light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.synth.palettes import Palette
from vinymatic.synth.raster import (
    Bgr,
    Random,
    as_bgr,
    bearing,
    distance,
    filled,
    mixed,
    noise,
    normalised,
    polygon,
    shaded,
    toned,
)


def geometry(rng: Random, side: int, colours: Palette) -> Bgr:
    """Swiss poster shapes on a grid: quarter circles, bars, triangles, rings."""
    image = filled(side, colours.paper)
    cells = int(rng.integers(3, 8))
    pitch = side / cells
    for row in range(cells):
        for column in range(cells):
            x, y = column * pitch, row * pitch
            near, far = (round(x), round(y)), (round(x + pitch), round(y + pitch))
            cv2.rectangle(image, near, far, colours.accent(rng) if rng.random() < 0.6 else colours.paper, -1)
            colour = colours.accent(rng) if rng.random() < 0.8 else colours.ink
            corner = np.array([(x, y), (x + pitch, y), (x + pitch, y + pitch), (x, y + pitch)])
            turn = int(rng.integers(4))
            match int(rng.integers(7)):
                case 0:
                    at = (round(corner[turn][0]), round(corner[turn][1]))
                    cv2.ellipse(image, at, (round(pitch), round(pitch)), 90 * turn, 0, 90, colour, -1, cv2.LINE_AA)
                case 1:
                    polygon(image, corner[[turn, (turn + 1) % 4, (turn + 2) % 4]], colour)
                case 2:
                    middle = (round(x + pitch / 2), round(y + pitch / 2))
                    for ring in range(3, 0, -1):
                        shade = colour if ring % 2 else colours.paper
                        cv2.circle(image, middle, round(pitch * ring / 6.5), shade, -1, cv2.LINE_AA)
                case 3:
                    for bar in range(0, 4):
                        top = round(y + pitch * bar / 4)
                        cv2.rectangle(image, (near[0], top), (far[0], top + round(pitch / 8)), colour, -1)
                case 4:
                    middle = (round(x + pitch / 2), round(y + pitch / 2))
                    cv2.circle(image, middle, round(pitch * 0.4), colour, -1, cv2.LINE_AA)
                case _:
                    pass
    return shaded(image, (0.88 + 0.16 * noise(rng, side, side, cells=60, octaves=3)).astype(np.float32))


def contours(rng: Random, side: int, colours: Palette) -> Bgr:
    """Lines of a measured field, one above the other, each hiding those behind it."""
    image = filled(side, min(colours.ramp(), key=sum))
    count = int(rng.integers(24, 60))
    line = colours.on(0)
    x = np.linspace(side * 0.08, side * 0.92, 220)
    window = np.exp(-(((x / side - 0.5) / float(rng.uniform(0.12, 0.25))) ** 2))
    heights = noise(rng, count, x.size, cells=14, octaves=5)
    for row in range(count):
        base = side * (0.14 + 0.78 * row / count)
        y = base - (heights[row] ** 2) * window * side * 0.16
        outline = np.concatenate([np.stack([x, y], axis=1), [[x[-1], base + side * 0.02], [x[0], base + side * 0.02]]])
        polygon(image, outline, min(colours.ramp(), key=sum))
        cv2.polylines(image, [np.stack([x, y], axis=1).astype(np.int32)], False, line, max(1, side // 320), cv2.LINE_AA)
    return image


def marbling(rng: Random, side: int, colours: Palette) -> Bgr:
    """Psychedelic bands: noise bent by noise."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    bend = float(rng.uniform(0.1, 0.35)) * side
    field = noise(rng, side, side, cells=float(rng.uniform(2, 4)), octaves=3)
    dx = (noise(rng, side, side, cells=4, octaves=3) - 0.5) * 2 * bend
    dy = (noise(rng, side, side, cells=4, octaves=3) - 0.5) * 2 * bend
    bent = cv2.remap(field, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    bands = bent * float(rng.uniform(4, 12))
    order = list(colours.accents)
    rng.shuffle(order)
    if rng.random() < 0.5:
        return toned(normalised(bands - np.floor(bands)), (*order, order[0]))
    table = np.array(order, np.uint8)
    return as_bgr(table[np.floor(bands).astype(int) % len(order)])


def rays(rng: Random, side: int, colours: Palette) -> Bgr:
    """Stripes from a point, or rings around it, with a spotlight."""
    centre = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.9)))
    turn = bearing(side, side, centre)
    away = distance(side, side, centre)
    twist = float(rng.choice([0.0, 0.0, 2.5, 6.0]))
    spokes = np.floor((turn + twist * away) / (2 * np.pi) * int(rng.integers(8, 30)) * 2)
    rings = np.floor(away * int(rng.integers(6, 16))) * int(rng.integers(0, 2))
    table = np.array([colours.paper, *rng.permutation(np.array(colours.accents))[:3]], np.uint8)
    image = table[(spokes + rings).astype(int) % int(rng.integers(2, 5))]
    image = shaded(image, (0.7 + 0.5 * noise(rng, side, side, cells=20, octaves=5)).astype(np.float32))
    for _ in range(int(rng.integers(0, 9))):
        at = rng.uniform(0, side, 2)
        polygon(image, _star(at, side * float(rng.uniform(0.02, 0.09)), int(rng.integers(4, 9)), rng), colours.ink)
    return image


def _star(at: NDArray[np.float64], radius: float, points: int, rng: Random) -> NDArray[np.float64]:
    turns = np.arange(2 * points) * np.pi / points + float(rng.uniform(0, 6))
    reach = np.where(np.arange(2 * points) % 2 == 0, radius, radius * 0.42)
    return np.asarray(at + np.stack([np.cos(turns), np.sin(turns)], axis=1) * reach[:, None])


def tiles(rng: Random, side: int, colours: Palette) -> Bgr:
    """Truchet tiles: arcs that join across cells turned at random."""
    cells = int(rng.integers(7, 16))
    pitch = side / cells
    image = filled(side, colours.accents[int(rng.integers(0, 2))])
    width = max(2, int(pitch * rng.uniform(0.12, 0.4)))
    for row in range(cells):
        for column in range(cells):
            x, y = column * pitch, row * pitch
            if rng.random() < 0.25:
                cv2.rectangle(image, (int(x), int(y)), (int(x + pitch), int(y + pitch)), colours.accent(rng), -1)
            ends = (
                (((x, y), 0), ((x + pitch, y + pitch), 180))
                if rng.random() < 0.5
                else (((x + pitch, y), 90), ((x, y + pitch), 270))
            )
            for corner, turn in ends:
                at, size = (round(corner[0]), round(corner[1])), (round(pitch / 2), round(pitch / 2))
                cv2.ellipse(image, at, size, turn, 0, 90, colours.accents[4], width, cv2.LINE_AA)
    return shaded(image, (0.75 + 0.35 * noise(rng, side, side, cells=8, octaves=5)).astype(np.float32))


def lights(rng: Random, side: int, colours: Palette) -> Bgr:
    """Out-of-focus stage lights over a dark crowd."""
    image = toned((0.5 * noise(rng, side, side, cells=3, octaves=4)).astype(np.float32), colours.ramp()).astype(
        np.float32
    )
    for _ in range(int(rng.integers(25, 80))):
        radius = max(2, int(side * rng.uniform(0.008, 0.07)))
        at = (int(rng.integers(radius, side - radius)), int(rng.integers(radius, int(side * 0.75))))
        spot = np.zeros((2 * radius, 2 * radius, 3), np.uint8)
        cv2.circle(spot, (radius, radius), radius - 1, colours.accent(rng), -1, cv2.LINE_AA)
        cv2.circle(spot, (radius, radius), radius - 1, colours.accents[4], max(1, radius // 9), cv2.LINE_AA)
        box = np.s_[at[1] - radius : at[1] + radius, at[0] - radius : at[0] + radius]
        image[box] += spot * float(rng.uniform(0.3, 0.9))
    crowd = np.clip(image, 0, 255).astype(np.uint8)
    dark = min(colours.ramp(), key=sum)
    for _ in range(int(rng.integers(20, 60))):
        at = (int(rng.integers(side)), int(side * rng.uniform(0.8, 1.0)))
        size = int(side * rng.uniform(0.02, 0.05))
        cv2.circle(crowd, at, size, dark, -1, cv2.LINE_AA)
        cv2.ellipse(crowd, (at[0], at[1] + 3 * size), (2 * size, 2 * size), 0, 0, 360, dark, -1, cv2.LINE_AA)
        if rng.random() < 0.4:
            hand = (at[0] + int(rng.normal(0, size * 2)), at[1] - int(size * rng.uniform(2, 5)))
            cv2.line(crowd, at, hand, dark, max(2, size // 2), cv2.LINE_AA)
    return crowd


def weave(rng: Random, side: int, colours: Palette) -> Bgr:
    """Crossing bands of cloth or paper, as tartans and abstract paintings have."""
    image = filled(side, colours.paper)
    for direction in (0, 1):
        at = 0.0
        while at < side:
            width = max(1.0, side * float(rng.uniform(0.006, 0.09)))
            band = np.s_[int(at) : int(at) + int(width)]
            window = image[band] if direction else image[:, band]
            colour = np.full_like(window, colours.accent(rng))
            window[:] = mixed(window, colour, float(rng.uniform(0.3, 0.9)))
            at += width * float(rng.uniform(1.0, 2.2))
    threads = noise(rng, side, side, cells=80, octaves=2, stretch=float(rng.choice([0.1, 10])))
    return shaded(image, (0.7 + 0.5 * threads).astype(np.float32))
