"""One module a command or two: they look, ask and print."""
