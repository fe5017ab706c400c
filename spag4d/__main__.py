"""``python -m spag4d`` is the command ``spag4d``."""

from spag4d.cli import main

main()
