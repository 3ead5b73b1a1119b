"""Vinymatic: which release a photographed record sleeve is, or honestly that it is not in the catalogue."""

__version__ = "0.1.0"
