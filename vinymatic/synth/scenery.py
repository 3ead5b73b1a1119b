"""Pictures of places, as photographs and paintings on sleeves show them: ridges, a city, the sky, water, stones."""

from __future__ import annotations

import cv2
import numpy as np

from vinymatic.synth.palettes import Palette
from vinymatic.synth.raster import (
    Bgr,
    Random,
    distance,
    grain,
    mixed,
    noise,
    polygon,
    shaded,
    slope,
    toned,
)


def ridges(rng: Random, side: int, colours: Palette) -> Bgr:
    """Mountains behind mountains under a sun."""
    sky = slope(side, side, np.pi / 2 + float(rng.normal(0, 0.15))) + 0.35 * noise(
        rng, side, side, cells=3, octaves=5, stretch=2.5
    )
    image = toned(sky / sky.max(), colours.accents[::-1] if rng.random() < 0.5 else colours.accents)
    sun = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.15, 0.45)))
    glow = np.clip(1.0 - distance(side, side, sun) / float(rng.uniform(0.3, 0.6)), 0, 1) ** 2
    image = mixed(image, np.full_like(image, max(colours.ramp(), key=sum)), (0.8 * glow).astype(np.float32))
    radius = int(side * rng.uniform(0.04, 0.12))
    cv2.circle(image, (int(sun[0] * side), int(sun[1] * side)), radius, colours.accent(rng), -1, cv2.LINE_AA)
    layers = int(rng.integers(3, 6))
    rock = 0.45 + 0.9 * noise(rng, side, side, cells=10, octaves=5)
    for layer in range(layers):
        height = noise(rng, 2, side, cells=float(rng.uniform(2, 6)), octaves=7)[0]
        base = side * (0.45 + 0.5 * layer / layers)
        y = base - height * side * float(rng.uniform(0.12, 0.35))
        colour = colours.accents[max(0, 4 - layer * 5 // layers)]
        top = max(0, int(y.min()))
        below = np.clip(np.arange(top, side, dtype=np.float32)[:, None] - y, 0, 1).astype(np.float32)
        surface = shaded(np.full_like(image[top:], colour), np.roll(rock, layer * side // 7, axis=1)[top:])
        image[top:] = mixed(image[top:], surface, below)
    return image


def city(rng: Random, side: int, colours: Palette) -> Bgr:
    """A skyline at dusk with lit windows."""
    image = toned(
        0.75 * slope(side, side, np.pi / 2) + 0.25 * noise(rng, side, side, cells=3, octaves=5, stretch=3),
        colours.ramp(),
    )
    lit = max(colours.ramp(), key=sum)
    for depth in range(3):
        x = int(-side * rng.uniform(0, 0.1))
        wall = colours.accents[2 - depth]
        while x < side:
            width = int(side * rng.uniform(0.05, 0.16))
            top = int(side * (rng.uniform(0.2, 0.65) + 0.1 * depth))
            cv2.rectangle(image, (x, top), (x + width, side), wall, -1)
            pitch = int(rng.integers(side // 80 + 3, side // 40 + 5))
            columns, rows = max(1, width // pitch), max(1, (side - top) // pitch)
            on = rng.random((rows, columns)) < rng.uniform(0.15, 0.7)
            for row, column in np.argwhere(on):
                corner = (x + int(column) * pitch + 2, top + int(row) * pitch + 3)
                size = (corner[0] + pitch // 2, corner[1] + pitch * 2 // 3)
                cv2.rectangle(image, corner, size, lit if rng.random() < 0.7 else colours.accents[3], -1)
            if rng.random() < 0.3:
                cv2.line(image, (x + width // 2, top), (x + width // 2, top - width), wall, 2, cv2.LINE_AA)
            x += int(width * rng.uniform(0.9, 1.3))
    return image


def space(rng: Random, side: int, colours: Palette) -> Bgr:
    """A nebula, stars and lit planets."""
    cloud = noise(rng, side, side, cells=3, octaves=6) ** 2.5
    image = toned(cloud / cloud.max(), (min(colours.ramp(), key=sum), *colours.accents))
    stars = rng.integers(0, side, (int(rng.integers(150, 500)), 2))
    for x, y in stars:
        level = int(rng.integers(120, 256))
        cv2.circle(
            image, (int(x), int(y)), int(rng.integers(0, side // 300 + 1)), (level, level, level), -1, cv2.LINE_AA
        )
    for _ in range(int(rng.integers(1, 4))):
        centre = (float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.1, 0.9)))
        radius = float(rng.uniform(0.06, 0.3))
        away = distance(side, side, centre)
        disc = np.clip((radius - away) * side / 2 + 0.5, 0, 1).astype(np.float32)
        bands = noise(rng, side, side, cells=float(rng.uniform(6, 14)), octaves=5, stretch=float(rng.choice([1, 4])))
        lit_from = (centre[0] - radius * 0.6, centre[1] - radius * 0.5)
        light = np.clip(1.25 - distance(side, side, lit_from) / (2.0 * radius), 0.02, 1.2).astype(np.float32)
        order = list(colours.accents)
        rng.shuffle(order)
        image = mixed(image, shaded(toned(bands, order), light), disc)
        if rng.random() < 0.4:
            axes = (int(side * radius * 1.7), int(side * radius * 0.35))
            at = (int(centre[0] * side), int(centre[1] * side))
            for ring in range(4):
                size = (axes[0] + ring * side // 90, axes[1] + ring * side // 250)
                cv2.ellipse(image, at, size, float(rng.normal(-15, 1)), -20, 200, colours.accent(rng), 2, cv2.LINE_AA)
    return image


def water(rng: Random, side: int, colours: Palette) -> Bgr:
    """The sea: ripples that shorten towards a horizon, clouds above."""
    horizon = int(side * rng.uniform(0.25, 0.6))
    clouds = noise(rng, side, side, cells=4, octaves=6, stretch=2)
    image = toned(clouds, colours.accents[1:])
    rows = np.arange(side - horizon, dtype=np.float32)
    depth = (1.0 / (0.03 + rows / rows.size))[:, None]
    x = np.arange(side, dtype=np.float32)[None, :]
    drift = 6.0 * noise(rng, side - horizon, side, cells=5, octaves=4)
    ripple = np.sin(depth * float(rng.uniform(14, 26)) + drift * 3 + np.sin(x / side * 20 + depth * 3))
    speckle = noise(rng, side - horizon, side, cells=30, octaves=4, stretch=4)
    sea = np.clip(0.25 + 0.3 * ripple * speckle + 0.45 * speckle, 0, 1).astype(np.float32)
    image[horizon:] = toned(sea, colours.ramp())
    if rng.random() < 0.6:
        at, size = int(side * rng.uniform(0.2, 0.8)), side * float(rng.uniform(0.05, 0.14))
        sail = np.array([[at, horizon + 4 - size * 2], [at + size, horizon], [at, horizon]])
        polygon(image, sail, max(colours.ramp(), key=sum))
        hull = np.array(
            [
                [at - size, horizon],
                [at + size * 1.3, horizon],
                [at + size, horizon + size / 2],
                [at - size * 0.7, horizon + size / 2],
            ]
        )
        polygon(image, hull, min(colours.ramp(), key=sum))
    return image


def stones(rng: Random, side: int, colours: Palette) -> Bgr:
    """Cobbles, leaves or cells seen from above: a Voronoi pattern, each patch lit on its own."""
    count = int(rng.integers(40, 260))
    points = rng.uniform(0, side, (count, 2))
    seeds = np.full((side, side), 255, np.uint8)
    seeds[points[:, 1].astype(int), points[:, 0].astype(int)] = 0
    away, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    tone = rng.random(int(labels.max()) + 1, np.float32)[labels]
    pitch = side / np.sqrt(count)
    texture = noise(rng, side, side, cells=25, octaves=4)
    field = np.clip(0.65 * tone + 0.35 * texture, 0, 1).astype(np.float32)
    light = np.clip(1.25 - (away / pitch) ** 2 * 1.6, 0.1, 1.25).astype(np.float32)
    return grain(rng, shaded(toned(field, colours.accents), light), 5)
