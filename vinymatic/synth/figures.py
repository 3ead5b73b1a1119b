"""Pictures of things: a face, flowers, a collage, a still life of discs, strokes of a brush."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.synth.palettes import Palette
from vinymatic.synth.raster import (
    Bgr,
    Field,
    Random,
    as_field,
    axes,
    bearing,
    distance,
    filled,
    grain,
    mixed,
    noise,
    normalised,
    polygon,
    shaded,
    shape_mask,
    slope,
    toned,
)


def portrait(rng: Random, side: int, colours: Palette) -> Bgr:
    """A head and shoulders in studio light, as a toned photograph, sometimes as a halftone print."""
    centre = (float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.36, 0.46)))
    size = float(rng.uniform(0.16, 0.26))
    wobble = 0.06 * noise(rng, side, side, cells=5, octaves=4)
    x, y = axes(side, side)
    head = np.sqrt(((x - centre[0]) / (size * 0.78)) ** 2 + ((y - centre[1]) / size) ** 2) + wobble
    hair = (
        np.sqrt(((x - centre[0]) / (size * 1.05)) ** 2 + ((y - centre[1] + size * 0.35) / (size * 1.0)) ** 2)
        + 4 * wobble
    )
    body = np.sqrt(((x - centre[0]) / (size * 2.1)) ** 2 + ((y - centre[1] - size * 2.5) / (size * 1.5)) ** 2) + wobble
    light = float(rng.choice([-1, 1])) * float(rng.uniform(0.5, 1.2))
    tone = 0.25 + 0.35 * noise(rng, side, side, cells=2, octaves=5) * slope(side, side, float(rng.uniform(0, 6.28)))
    cloth = 0.15 + 0.5 * noise(rng, side, side, cells=14, octaves=3, stretch=float(rng.choice([0.3, 1, 3])))
    strands = 0.08 + 0.35 * noise(rng, side, side, cells=30, octaves=3, stretch=0.2)
    skin = (
        0.72
        + light * (x - centre[0]) / size * 0.45
        - 0.2 * (head**2)
        + 0.06 * noise(rng, side, side, cells=40, octaves=2)
    )
    for mask, value in ((body, cloth), (hair, strands), (head, skin)):
        share = np.clip((1 - mask) * side / 12, 0, 1)
        tone = tone * (1 - share) + value * share
    tone = tone.astype(np.float32)
    _face(rng, tone, centre, size, side)
    tone = np.clip(cv2.GaussianBlur(tone, (0, 0), side / 500), 0, 1).astype(np.float32)
    if rng.random() < 0.35:
        tone = _halftone(tone, float(rng.uniform(5, 9)) * side / 640)
    return grain(rng, toned(tone, colours.ramp()), float(rng.uniform(4, 12)))


def _face(rng: Random, tone: Field, centre: tuple[float, float], size: float, side: int) -> None:
    cx, cy, unit = centre[0] * side, centre[1] * side, size * side
    level = cy - unit * 0.08
    glasses = rng.random() < 0.35
    for sign in (-1, 1):
        eye = (int(cx + sign * unit * 0.33), int(level))
        cv2.ellipse(tone, eye, (int(unit * 0.15), int(unit * 0.07)), 0, 0, 360, 0.9, -1, cv2.LINE_AA)
        cv2.circle(tone, eye, int(unit * 0.065), 0.05, -1, cv2.LINE_AA)
        brow = (eye[0], int(level - unit * 0.14))
        cv2.ellipse(
            tone, brow, (int(unit * 0.2), int(unit * 0.08)), 0, 200, 340, 0.12, max(2, int(unit * 0.05)), cv2.LINE_AA
        )
        if glasses:
            cv2.circle(tone, eye, int(unit * 0.24), 0.08, max(2, int(unit * 0.04)), cv2.LINE_AA)
    bridge = np.array(
        [[cx, level], [cx - unit * 0.09, cy + unit * 0.27], [cx + unit * 0.09, cy + unit * 0.3]], np.int32
    )
    cv2.polylines(tone, [bridge], False, 0.3, max(2, int(unit * 0.03)), cv2.LINE_AA)
    mouth = (int(cx), int(cy + unit * 0.5))
    cv2.ellipse(tone, mouth, (int(unit * rng.uniform(0.16, 0.3)), int(unit * 0.08)), 0, 0, 360, 0.22, -1, cv2.LINE_AA)


def _halftone(tone: Field, pitch: float) -> Field:
    height, width = tone.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = np.pi / 4
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    screen = 0.5 + 0.25 * (np.cos(u * 2 * np.pi / pitch) + np.cos(v * 2 * np.pi / pitch))
    return as_field(np.clip((tone - screen) * 4 + 0.5, 0, 1))


def flowers(rng: Random, side: int, colours: Palette) -> Bgr:
    """Blossoms of many petals over leaves."""
    image = toned(noise(rng, side, side, cells=4, octaves=5), colours.accents[:3])
    for bloom in range(int(rng.integers(12, 36))):
        centre = rng.uniform(0, side, 2)
        radius = side * float(rng.uniform(0.04, 0.16)) * (0.6 if bloom < 10 else 1.0)
        petals = int(rng.integers(4, 14))
        colour, tip = colours.accent(rng), colours.accent(rng)
        start = float(rng.uniform(0, 6.28))
        for petal in range(petals):
            turn = start + petal * 2 * np.pi / petals
            at = centre + radius * 0.6 * np.array([np.cos(turn), np.sin(turn)])
            size = (int(radius * 0.6), max(2, int(radius * 1.8 / petals)))
            where = (int(at[0]), int(at[1]))
            cv2.ellipse(image, where, size, float(np.degrees(turn)), 0, 360, colour, -1, cv2.LINE_AA)
            cv2.ellipse(image, where, size, float(np.degrees(turn)), 0, 360, tip, max(1, side // 400), cv2.LINE_AA)
        cv2.circle(image, (int(centre[0]), int(centre[1])), int(radius * 0.25), tip, -1, cv2.LINE_AA)
    return shaded(image, (0.6 + 0.6 * noise(rng, side, side, cells=30, octaves=3)).astype(np.float32))


def collage(rng: Random, side: int, colours: Palette) -> Bgr:
    """Torn and cut papers of many textures, each with its shadow."""
    image = toned(noise(rng, side, side, cells=6, octaves=5), (colours.paper, colours.accents[4]))
    for _ in range(int(rng.integers(7, 16))):
        corners = int(rng.integers(3, 9))
        centre, radius = rng.uniform(0.05 * side, 0.95 * side, 2), side * float(rng.uniform(0.08, 0.3))
        turns = np.sort(rng.uniform(0, 2 * np.pi, corners))
        outline = centre + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1) * rng.uniform(
            0.7, 1.3, (corners, 1)
        )
        _glue(rng, image, outline, colours)
    return image


def _glue(rng: Random, image: Bgr, outline: NDArray[np.float64], colours: Palette) -> None:
    """Works in the paper's own box: a whole side of noise for each paper would take most of a sleeve's time."""
    side = image.shape[0]
    margin = side // 16
    near = np.clip(outline.min(axis=0).astype(int) - margin, 0, side)
    far = np.clip(outline.max(axis=0).astype(int) + margin, 0, side)
    window = np.s_[near[1] : far[1], near[0] : far[0]]
    under = image[window]
    height, width = under.shape[:2]
    if min(height, width) < 4:
        return
    local = outline - near
    mask = shape_mask(height, width, local)
    shadow = cv2.blur(shape_mask(height, width, local + side * 0.012), (margin // 2, margin // 2)).astype(
        np.float32, copy=False
    )
    texture = noise(
        rng, height, width, cells=float(rng.uniform(2, 14)), octaves=4, stretch=float(rng.choice([0.2, 1, 5]))
    )
    paper = toned(texture, (colours.accent(rng), colours.accent(rng), colours.paper))
    image[window] = mixed(shaded(under, 1 - 0.5 * shadow), paper, mask)


def discs(rng: Random, side: int, colours: Palette) -> Bgr:
    """Instruments' and loudspeakers' round shapes: lit rings on cloth."""
    image = toned(noise(rng, side, side, cells=60, octaves=2, stretch=8), colours.accents[:2])
    for _ in range(int(rng.integers(4, 10))):
        radius = int(side * rng.uniform(0.1, 0.3))
        left, top = (int(v) for v in rng.integers(0, side - 2 * radius, 2))
        window = image[top : top + 2 * radius, left : left + 2 * radius]
        away = distance(2 * radius, 2 * radius, (0.5, 0.5)) * 2
        rings = 0.5 + 0.5 * np.sin(away * radius / float(rng.uniform(1.5, 9)))
        gloss = 0.5 + 0.5 * np.cos(2 * bearing(2 * radius, 2 * radius, (0.5, 0.5)) + float(rng.uniform(0, 6)))
        field = normalised((0.5 * rings + 0.8 * gloss**4).astype(np.float32))
        disc = np.clip((1 - away) * radius, 0, 1).astype(np.float32)
        window[:] = mixed(window, toned(field, colours.ramp()), disc)
        middle = (left + radius, top + radius)
        cv2.circle(image, middle, radius // 3, colours.accent(rng), -1, cv2.LINE_AA)
        cv2.circle(image, middle, max(2, radius // 30), colours.paper, -1, cv2.LINE_AA)
    return image


def strokes(rng: Random, side: int, colours: Palette) -> Bgr:
    """A painting: brush strokes that follow a flow."""
    image = filled(side, colours.accent(rng))
    flow = 4 * np.pi * noise(rng, side, side, cells=float(rng.uniform(1.5, 4)), octaves=2)
    target = toned(noise(rng, side, side, cells=float(rng.uniform(2, 5)), octaves=4), colours.ramp())
    for width in (side // 14, side // 30, side // 60):
        for start in rng.uniform(0, side - 1, (int(rng.integers(60, 130)), 2)):
            path = [start]
            for _ in range(6):
                x, y = np.clip(path[-1], 0, side - 1).astype(int)
                turn = flow[y, x]
                path.append(path[-1] + width * 1.1 * np.array([np.cos(turn), np.sin(turn)]))
            at = np.clip(start, 0, side - 1).astype(int)
            shade = np.clip(target[at[1], at[0]].astype(int) + int(rng.normal(0, 22)), 0, 255)
            colour = (int(shade[0]), int(shade[1]), int(shade[2]))
            cv2.polylines(image, [np.array(path).astype(np.int32)], False, colour, max(1, width))
    bristle = noise(rng, side, side, cells=90, octaves=2)
    return shaded(image, (0.8 + 0.4 * bristle).astype(np.float32))


def bricks(rng: Random, side: int, colours: Palette) -> Bgr:
    """A wall with posters' remains."""
    rows = int(rng.integers(9, 20))
    height = side / rows
    width = height * float(rng.uniform(1.8, 2.8))
    image = filled(side, colours.paper)
    for row in range(rows):
        x = -width * (0.5 if row % 2 else 0.0) - float(rng.uniform(0, 0.1)) * width
        while x < side:
            brick = np.array([[0, 0], [width - 3, 0], [width - 3, height - 3], [0, height - 3]])
            corners = brick + np.array([x, row * height])
            polygon(image, corners + rng.normal(0, 1.2, (4, 2)), colours.accents[int(rng.integers(0, 3))])
            x += width
    image = shaded(image, (0.55 + 0.75 * noise(rng, side, side, cells=12, octaves=6)).astype(np.float32))
    tear = (noise(rng, side, side, cells=3, octaves=6) > float(rng.uniform(0.5, 0.7))).astype(np.float32)
    return mixed(image, toned(noise(rng, side, side, cells=9, octaves=5), colours.accents[2:]), tear)
