"""Text on pictures, in the font that OpenCV brings along: Latin, Greek, Cyrillic, Arabic, Hebrew, Chinese, Japanese and Korean.

(Pillow's own has ASCII alone.) A character that it lacks is shown as a question mark.
"""

from __future__ import annotations

import threading
import unicodedata

import cv2

from vinymatic.features.types import ColourArray

Colour = tuple[int, int, int]
Place = tuple[int, int]

_REGULAR, _BOLD = 400, 700
# Nobody reads more of it in a picture, and measuring takes as long as the text.
_LONGEST = 1_500

_own = threading.local()


def legible(text: str) -> str:
    """`text` as one line that can be drawn: OpenCV crashes the process on half a surrogate pair, and obeys newlines."""
    shown = unicodedata.normalize("NFC", text[:_LONGEST])
    return "".join(" " if c.isspace() else "?" if unicodedata.category(c).startswith("C") else c for c in shown)


def width(text: str, size: int, *, bold: bool = False) -> int:
    """Pixels that legible `text` takes."""
    _, _, across, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, _weight(bold))
    return across


def wrap(text: str, size: int, room: int, most_lines: int, *, bold: bool = False) -> list[str]:
    """Lines of legible `text`, none wider than `room` pixels, broken at a space where there is one.

    What is too long for `most_lines` loses its middle: the two ends tell most of a path.
    """
    words = legible(text)
    lines = _lines(words, size, room, bold)
    kept = len(words)
    while len(lines) > most_lines and kept > 1:
        kept = min(kept - 1, kept * most_lines // len(lines) + 1)
        head = (kept + 1) // 2
        lines = _lines(f"{words[:head]}…{words[len(words) - (kept - head) :]}", size, room, bold)
    return lines


def write(canvas: ColourArray, text: str, at: Place, size: int, colour: Colour, *, bold: bool = False) -> None:
    """`at`: where the base line begins. `text` must be legible."""
    cv2.putText(canvas, text, at, colour, _font(), size, _weight(bold))


def _lines(text: str, size: int, room: int, bold: bool) -> list[str]:
    lines = []
    while text:
        fits = _fitting(text, size, room, bold)
        space = text.rfind(" ", 0, fits + 1) if fits < len(text) else -1
        end = space if space > fits // 2 else fits
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return lines


def _fitting(text: str, size: int, room: int, bold: bool) -> int:
    """How many characters of `text` fit, at least one. By halving, as a text is hardly ever narrower than its beginning."""
    least, most = 1, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if width(text[:middle], size, bold=bold) <= room:
            least = middle
        else:
            most = middle - 1
    return least


def _font() -> cv2.FontFace:
    # One a thread: a shared one draws with the weight that another thread has just asked for.
    if not hasattr(_own, "font"):
        _own.font = cv2.FontFace("sans")
    font: cv2.FontFace = _own.font
    return font


def _weight(bold: bool) -> int:
    return _BOLD if bold else _REGULAR
