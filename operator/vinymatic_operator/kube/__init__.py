"""The API server: the one place that talks to it, and the rights that this takes."""
