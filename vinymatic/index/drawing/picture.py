"""Draws a match picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.features import decode_colour
from vinymatic.features.types import ColourArray
from vinymatic.index.drawing.covers import ShownCover
from vinymatic.index.drawing.layout import CAPTION_HEIGHT, MARGIN, Area, Layout, lay_out
from vinymatic.index.drawing.text import Colour, width, wrap, write
from vinymatic.index.query import Look
from vinymatic.index.results import Verdict

# Of the photo as it is drawn.
LONGEST_SIDE = 800
LARGEST_ENLARGEMENT = 2.0
# In all, shared among the covers: more make a hairball.
MOST_LINES = 45

PAPER: Colour = (27, 29, 33)
INK: Colour = (236, 238, 241)
FAINT: Colour = (150, 155, 164)
SHADOW: Colour = (0, 0, 0)
NOT_ACCEPTED: Colour = (255, 160, 30)
ACCEPTED: tuple[Colour, ...] = (
    (70, 225, 115),
    (70, 195, 255),
    (255, 105, 200),
    (250, 240, 90),
    (175, 135, 255),
    (60, 240, 215),
    (190, 255, 90),
    (140, 165, 255),
)
_VERDICT_COLOURS = {
    Verdict.MATCH: ACCEPTED[0],
    Verdict.AMBIGUOUS: NOT_ACCEPTED,
    Verdict.NOT_IN_CATALOGUE: (255, 120, 110),
}

_TITLE, _REASON, _CAPTION, _SMALL = 26, 17, 16, 13
_REASON_LINES = 3
_LINE_OPACITY = 0.65
# Steps of a pixel in which OpenCV takes coordinates here.
_SHIFT = 4
# Cells along each side of a cover: a line from each, before any gives two.
_SPREAD = 8


def match_picture(look: Look, photo: bytes, covers: Sequence[ShownCover], *, max_pixels: int) -> bytes:
    """A PNG of what was seen in `photo`. Raises what `decode_colour` raises."""
    colour = decode_colour(photo, max_pixels=max_pixels, reduce_to=(LONGEST_SIDE, LONGEST_SIDE))
    features = look.photo.features
    return draw(colour, (features.width, features.height), covers, look.result.verdict, look.result.reason)


def draw(
    photo: ColourArray, box: tuple[int, int], covers: Sequence[ShownCover], verdict: Verdict, reason: str
) -> bytes:
    """A PNG. `photo`: upright, of any size. `box`: width and height of the photo's box, which the covers' evidence is in."""
    fitted = _fit(photo, LONGEST_SIDE)
    room = max(fitted.shape[1], 600)
    reasons = wrap(reason, _REASON, room, _REASON_LINES)
    header = MARGIN + _TITLE + 12 + 24 * len(reasons) + 4
    layout = lay_out((fitted.shape[1], fitted.shape[0]), [cover.box for cover in covers], header)
    canvas = np.full((layout.height, layout.width, 3), PAPER, np.uint8)
    write(
        canvas,
        verdict.value.replace("_", " "),
        (MARGIN, MARGIN + _TITLE - 4),
        _TITLE,
        _VERDICT_COLOURS[verdict],
        bold=True,
    )
    for number, line in enumerate(reasons):
        write(canvas, line, (MARGIN, MARGIN + _TITLE + 28 + 24 * number), _REASON, INK)
    _paste(canvas, layout.photo, fitted)
    for cover, area in zip(covers, layout.covers, strict=True):
        _paste(canvas, area, cover.image)
    colours = [ACCEPTED[n % len(ACCEPTED)] if cover.accepted else NOT_ACCEPTED for n, cover in enumerate(covers)]
    outlines = [layout.photo.place(cover.evidence.outline, box) for cover in covers]
    for outline, colour in zip(outlines, colours, strict=True):
        _draw_outline(canvas, layout.photo, outline, colour)
    _draw_lines(canvas, layout, box, covers, colours)
    for number, (cover, colour) in enumerate(zip(covers, colours, strict=True)):
        label = str(number + 1) if len(covers) > 1 else ""
        if label:
            _draw_label(canvas, layout.photo, outlines[number], colour, label)
        _draw_caption(canvas, layout, layout.covers[number], cover, colour, label)
    return _png(canvas)


def _fit(image: ColourArray, longest: int) -> ColourArray:
    height, across = image.shape[:2]
    scale = min(longest / max(height, across), LARGEST_ENLARGEMENT)
    return _resize(image, max(1, round(across * scale)), max(1, round(height * scale)))


def _resize(image: ColourArray, across: int, height: int) -> ColourArray:
    smaller = across < image.shape[1] or height < image.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (across, height), interpolation=method), np.uint8)


def _paste(canvas: ColourArray, area: Area, image: ColourArray) -> None:
    _inside(canvas, area)[:] = _resize(image, area.width, area.height)


def _draw_lines(
    canvas: ColourArray, layout: Layout, box: tuple[int, int], covers: Sequence[ShownCover], colours: Sequence[Colour]
) -> None:
    if not covers:
        return
    most = max(3, MOST_LINES // len(covers))
    clean = canvas.copy()
    dots: list[tuple[tuple[int, int], Colour]] = []
    for cover, area, colour in zip(covers, layout.covers, colours, strict=True):
        chosen = spread(cover.evidence.cover_points, cover.box, most)
        starts = layout.photo.place(cover.evidence.photo_points[chosen], box)
        ends = area.place(cover.evidence.cover_points[chosen], cover.box)
        for start, end in zip(_steps(starts), _steps(ends), strict=True):
            cv2.line(canvas, start, end, colour, 1, cv2.LINE_AA, _SHIFT)
        dots += [(point, colour) for point in (*_steps(starts), *_steps(ends))]
    cv2.addWeighted(canvas, _LINE_OPACITY, clean, 1 - _LINE_OPACITY, 0, dst=canvas)
    for point, colour in dots:
        cv2.circle(canvas, point, 4 << _SHIFT, SHADOW, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(canvas, point, 3 << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)


def spread(points: NDArray[np.float32], box: tuple[int, int], most: int) -> NDArray[np.int64]:
    """Rows of `points` (best first), at most `most`: the first of each cell of the box, then the second, and so on."""
    cells = np.clip(points * _SPREAD // np.array(box), 0, _SPREAD - 1).astype(np.int64) @ np.array([_SPREAD, 1])
    seen = np.zeros(_SPREAD * _SPREAD, np.int64)
    turn = np.zeros(len(points), np.int64)
    for row, cell in enumerate(cells):
        turn[row] = seen[cell]
        seen[cell] += 1
    return np.sort(np.argsort(turn, kind="stable")[:most])


def _draw_outline(canvas: ColourArray, photo: Area, corners: NDArray[np.float64], colour: Colour) -> None:
    """What of it lies outside the photo is left out."""
    polygon = np.rint((corners - (photo.x, photo.y)) * (1 << _SHIFT)).astype(np.int32)
    for line, thickness in ((SHADOW, 5), (colour, 3)):
        cv2.polylines(_inside(canvas, photo), [polygon], True, line, thickness, cv2.LINE_AA, _SHIFT)


def _draw_label(canvas: ColourArray, photo: Area, corners: NDArray[np.float64], colour: Colour, label: str) -> None:
    """Near the outline's middle, where no neighbour's is."""
    inside = _inside(canvas, photo)
    middle = corners.mean(axis=0) - (photo.x, photo.y)
    across, height = width(label, _CAPTION, bold=True) + 10, 22
    x = int(np.clip(middle[0] - across / 2, 0, max(0, photo.width - across)))
    y = int(np.clip(middle[1] - height / 2, 0, max(0, photo.height - height)))
    cv2.rectangle(inside, (x, y), (x + across, y + height), SHADOW, -1)
    write(inside, label, (x + 5, y + 17), _CAPTION, colour, bold=True)


def _inside(canvas: ColourArray, area: Area) -> ColourArray:
    """A view: what is drawn on it is on the canvas."""
    return canvas[area.y : area.y + area.height, area.x : area.x + area.width]


def _draw_caption(
    canvas: ColourArray, layout: Layout, area: Area, cover: ShownCover, colour: Colour, label: str
) -> None:
    frame = 2 if cover.accepted else 1
    cv2.rectangle(canvas, (area.x - 1, area.y - 1), (area.x + area.width, area.y + area.height), colour, frame)
    top = area.y + area.height
    # Lines to covers further down would run through the words.
    canvas[top + 3 : top + CAPTION_HEIGHT, area.x - 1 : area.x + layout.column_width] = PAPER
    parts = [label, f"{cover.score:.4f}", "" if cover.accepted else "not accepted"]
    write(canvas, "  ".join(part for part in parts if part), (area.x, top + 20), _CAPTION, colour, bold=True)
    names = wrap(cover.entry.id, _SMALL, layout.column_width, 2)
    for number, line in enumerate(names):
        write(canvas, line, (area.x, top + 37 + 17 * number), _SMALL, INK)
    facts = f"{cover.evidence.inliers} inliers" + ("" if cover.is_scan else ", thumbnail")
    write(canvas, facts, (area.x, top + 37 + 17 * len(names)), _SMALL, FAINT)


def _steps(points: NDArray[np.float64]) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in np.rint(points * (1 << _SHIFT))]


def _png(canvas: ColourArray) -> bytes:
    _, data = cv2.imencode(".png", cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
