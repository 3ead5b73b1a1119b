"""Carrying a plan out: manifests and patches as dicts, built by pure functions, and the one thin actor that writes them."""
