"""How a sleeve is laid out: a `Design` holds what the covers of one series share, `compose` fills it with one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from vinymatic.synth import figures, lettering, patterns, scenery
from vinymatic.synth.lettering import Typeface
from vinymatic.synth.palettes import Palette, palette
from vinymatic.synth.raster import Bgr, Colour, Random, filled, mixed, noise, shaded
from vinymatic.synth.words import label, series_name

Art = Callable[[Random, int, Palette], Bgr]

ARTS: tuple[Art, ...] = (
    scenery.ridges,
    scenery.city,
    scenery.space,
    scenery.water,
    scenery.stones,
    figures.portrait,
    figures.portrait,  # as often on sleeves as two other subjects
    figures.flowers,
    figures.collage,
    figures.discs,
    figures.strokes,
    figures.bricks,
    patterns.geometry,
    patterns.contours,
    patterns.marbling,
    patterns.rays,
    patterns.tiles,
    patterns.lights,
    patterns.weave,
)
LAYOUTS = ("full", "full", "window", "round", "split", "column", "poster")


@dataclass(frozen=True)
class Design:
    """`banner`: a series' name, printed on each of its covers; None for a record of its own. `arts`: what its pictures show."""

    colours: Palette
    layout: str
    artist_face: Typeface
    title_face: Typeface
    align: float
    text_at: float
    arts: tuple[Art, ...]
    label: str
    badge: int
    banner: str | None
    banner_on_top: bool


@dataclass(frozen=True)
class Record:
    """What is printed on one sleeve."""

    artist: str
    title: str
    tracks: list[str]
    number: int


@dataclass(frozen=True)
class Box:
    """Shares of the side."""

    left: float
    top: float
    width: float
    height: float


def design(rng: Random, *, series: bool) -> Design:
    subject = ARTS[int(rng.integers(len(ARTS)))]
    return Design(
        colours=palette(rng),
        layout=str(rng.choice(LAYOUTS)),
        artist_face=lettering.typeface(rng),
        title_face=lettering.typeface(rng),
        align=float(rng.choice([0.0, 0.5, 1.0])),
        text_at=float(rng.uniform(0.0, 1.0)),
        arts=(subject,) if series and rng.random() < 0.5 else ARTS,
        label=label(rng),
        badge=int(rng.integers(1, 64)),
        banner=series_name(rng) if series else None,
        banner_on_top=bool(rng.random() < 0.7),
    )


def compose(rng: Random, side: int, plan: Design, record: Record) -> Bgr:
    """One cover, uint8 BGR [side, side, 3]."""
    # A photograph's colours are often its own, whatever the type is printed in.
    colours = palette(rng) if rng.random() < 0.5 else plan.colours
    art = plan.arts[int(rng.integers(len(plan.arts)))](rng, side, colours)
    image = _ground(rng, side, plan)
    picture, words = _boxes(plan)
    _place(image, art, picture, side, rounded=plan.layout == "round")
    _text(image, words, side, plan, record, over_picture=plan.layout == "full")
    if plan.layout == "poster":
        _list(image, Box(0.06, 0.78, 0.88, 0.17), side, plan, record)
    if plan.layout == "column":
        _list(image, Box(words.left, 0.62, words.width, 0.3), side, plan, record)
    _imprint(image, side, plan, record)
    if plan.banner is not None:
        image = _under_banner(image, plan, record)
    return _aged(rng, image)


def _ground(rng: Random, side: int, plan: Design) -> Bgr:
    paper = filled(side, plan.colours.paper)
    return shaded(paper, (0.93 + 0.1 * noise(rng, side, side, cells=120, octaves=2)).astype(np.float32))


def _boxes(plan: Design) -> tuple[Box, Box]:
    """Where the picture and the words go."""
    at = plan.text_at
    match plan.layout:
        case "window":
            return Box(0.08, 0.24 - 0.18 * round(at), 0.84, 0.68), Box(0.08, 0.05 + 0.72 * round(at), 0.84, 0.17)
        case "round":
            return Box(0.16, 0.26 - 0.2 * round(at), 0.68, 0.68), Box(0.08, 0.06 + 0.7 * round(at), 0.84, 0.18)
        case "split":
            return Box(0.0, 0.0, 1.0, 0.66), Box(0.05, 0.7, 0.9, 0.23)
        case "column":
            left = 0.36 * round(at)
            return Box(left, 0.0, 0.64, 1.0), Box(0.67 - 0.64 * round(at), 0.12, 0.3, 0.45)
        case "poster":
            return Box(0.06, 0.4, 0.88, 0.36), Box(0.05, 0.1, 0.9, 0.27)
        case _:
            return Box(0.0, 0.0, 1.0, 1.0), Box(0.06, 0.07 + 0.5 * at, 0.88, 0.3)


def _place(image: Bgr, art: Bgr, box: Box, side: int, *, rounded: bool) -> None:
    left, top = int(box.left * side), int(box.top * side)
    width, height = int(box.width * side), int(box.height * side)
    scale = max(width, height) / side
    size = max(width, height)
    part = cv2.resize(art, (size, size), interpolation=cv2.INTER_AREA) if scale < 1 else art
    part = part[(size - height) // 2 :][:height, (size - width) // 2 :][:, :width].astype(np.uint8)
    if rounded:
        disc = np.zeros((height, width), np.uint8)
        cv2.circle(disc, (width // 2, height // 2), min(width, height) // 2 - 1, 255, -1, cv2.LINE_AA)
        part = mixed(image[top : top + height, left : left + width], part, disc / 255)
    image[top : top + height, left : left + width] = part


def _text(image: Bgr, box: Box, side: int, plan: Design, record: Record, *, over_picture: bool) -> None:
    left, top, width, height = (share * side for share in (box.left, box.top, box.width, box.height))
    ground = float(image[int(top) : int(top + height), int(left) : int(left + width)].mean())
    if over_picture:
        rows = image[int(top) : int(top + height)]
        rows[:] = _scrim(rows, ground, plan)
    colour = plan.colours.on(ground)
    other = plan.colours.paper if colour == plan.colours.ink else plan.colours.ink
    narrow = width < 0.5 * side
    parts = (
        (record.artist, plan.artist_face, 0.62 if len(record.artist) < 16 else 0.45, colour),
        (record.title, plan.title_face, 0.38 if len(record.artist) < 16 else 0.5, _legible(plan, ground, colour)),
    )
    for text, face, share, shade in parts:
        mask = lettering.block(lettering.broken(text, 11 if narrow else 18), face, align=plan.align)
        fit = lettering.fitted(mask, width, height * share * 0.86, face.squeeze, arch=face.effect == "arch")
        at = (left + (width - fit.shape[1]) * plan.align, top)
        lettering.paint(image, fit, at, shade, other=other, effect=face.effect)
        top += height * share


def _scrim(region: Bgr, ground: float, plan: Design) -> Bgr:
    """Darkens or lightens the picture under the words a little, as printers do, so that they can be read."""
    away = plan.colours.paper if plan.colours.on(ground) == plan.colours.ink else plan.colours.ink
    fade = np.sin(np.linspace(0, np.pi, region.shape[0], dtype=np.float32))
    share = np.repeat(fade[:, None], region.shape[1], axis=1)
    return mixed(region, np.full_like(region, away), share.astype(np.float32))


def _legible(plan: Design, ground: float, otherwise: Colour) -> Colour:
    accent = max(plan.colours.accents, key=lambda c: abs(sum(c) / 3 - ground))
    return accent if abs(sum(accent) / 3 - ground) > 90 else otherwise


def _list(image: Bgr, box: Box, side: int, plan: Design, record: Record) -> None:
    left, top, width, height = (share * side for share in (box.left, box.top, box.width, box.height))
    face = Typeface("sans", 500, 1.0, 0.0, False, "plain")
    ground = float(image[int(top) : int(top + height), int(left) : int(left + width)].mean())
    lines = [f"{number}. {track}" for number, track in enumerate(record.tracks, 1)]
    mask = lettering.fitted(lettering.block(lines, face, align=0.0, gap=0.35), width, height)
    lettering.paint(image, mask, (left + (width - mask.shape[1]) * plan.align, top), plan.colours.on(ground))


def _under_banner(cover: Bgr, plan: Design, record: Record) -> Bgr:
    """The cover a little lower, and on the free edge the strip that all covers of a series carry: its name, its mark, a number."""
    side = cover.shape[0]
    height = int(0.09 * side)
    dark = plan.colours.accents[plan.badge % 5]
    strip = np.full((height, side, 3), dark, np.uint8)
    for stripe in range(plan.badge % 3 + 1):
        y = height - 1 - stripe * 4 if plan.banner_on_top else stripe * 4
        cv2.line(strip, (0, y), (side, y), plan.colours.accents[(plan.badge + 3) % 5], 2)
    colour = plan.colours.on(sum(dark) / 3)
    face = Typeface("sans", 800, 1.0, 0.12 if plan.badge % 2 else 0.0, plan.badge % 2 == 0, "plain")
    name = lettering.fitted(lettering.line(plan.banner or "", face), 0.6 * side, 0.045 * side)
    lettering.paint(strip, name, (0.12 * side, 0.02 * side), colour)
    number = lettering.fitted(lettering.line(f"Vol. {record.number}", face), 0.16 * side, 0.035 * side)
    lettering.paint(strip, number, (0.97 * side - number.shape[1], 0.025 * side), colour)
    _mark(strip, (int(0.06 * side), height // 2), int(0.033 * side), plan, colour)
    rest = cv2.resize(cover, (side, side - height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.concatenate((strip, rest) if plan.banner_on_top else (rest, strip))


def _mark(image: Bgr, at: tuple[int, int], radius: int, plan: Design, colour: Colour) -> None:
    """A label's sign: bits of `badge` choose its parts, so one label always prints the same."""
    cv2.circle(image, at, radius, colour, max(1, radius // 6), cv2.LINE_AA)
    for bit in range(6):
        if plan.badge >> bit & 1:
            turn = bit * np.pi / 3
            end = (int(at[0] + radius * np.cos(turn)), int(at[1] + radius * np.sin(turn)))
            cv2.line(image, at, end, colour, max(1, radius // 5), cv2.LINE_AA)


def _imprint(image: Bgr, side: int, plan: Design, record: Record) -> None:
    """Label, catalogue number and STEREO in a corner, in small type."""
    bottom = 0.955
    face = Typeface("sans", 700, 1.0, 0.0, True, "plain")
    text = f"{plan.label}  {plan.label[:2].upper()}-{1000 + record.number * 37 % 9000}  STEREO"
    mask = lettering.fitted(lettering.line(text, face), 0.34 * side, 0.019 * side)
    left = 0.04 * side if plan.align > 0.5 else 0.96 * side - mask.shape[1]
    under = image[int(bottom * side) :][: mask.shape[0], int(left) :][:, : mask.shape[1]]
    lettering.paint(image, mask, (left, bottom * side), plan.colours.on(float(under.mean())))


def _aged(rng: Random, image: Bgr) -> Bgr:
    """Ring wear and rubbed edges of some copies."""
    side = image.shape[0]
    if rng.random() < 0.75:
        return image
    worn = image.copy()
    cv2.circle(worn, (side // 2, side // 2), int(side * 0.47), (225, 228, 230), max(2, side // 60), cv2.LINE_AA)
    cv2.rectangle(worn, (0, 0), (side - 1, side - 1), (215, 220, 225), max(2, side // 80))
    patchy = np.clip(noise(rng, side, side, cells=16, octaves=5) * 3 - 1.6, 0, 0.7).astype(np.float32)
    return mixed(image, worn, patchy)
