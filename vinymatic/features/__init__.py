"""Images to features: decode, scale into the box, SIFT → RootSIFT, reduce."""

from vinymatic.features.decode import decode, decode_colour
from vinymatic.features.extract import extract
from vinymatic.features.spec import FeatureSpec
from vinymatic.features.types import Features, Picture

__all__ = ["FeatureSpec", "Features", "Picture", "decode", "decode_colour", "extract"]
