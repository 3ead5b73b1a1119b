"""The match picture: the photo with the outline of each cover, the covers beside it, and lines between the features that agree."""

from vinymatic.index.drawing.covers import ShownCover, shown_covers, with_scans
from vinymatic.index.drawing.layout import LARGEST_COVER
from vinymatic.index.drawing.picture import match_picture

__all__ = ["LARGEST_COVER", "ShownCover", "match_picture", "shown_covers", "with_scans"]
