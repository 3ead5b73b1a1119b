"""The HTTP service: photos in, releases out."""
