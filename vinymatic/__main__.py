"""`python -m vinymatic`: the same as the command `vinymatic`."""

from vinymatic.cli import main

if __name__ == "__main__":
    main()
