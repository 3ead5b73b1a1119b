"""The loop: looks at every index again and again, sooner when something about it changed."""
