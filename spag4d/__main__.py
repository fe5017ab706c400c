"""``python -m spag4d`` is the command ``spag4d``."""

import os
import signal


def _leave(number: int, frame: object) -> None:
    """End at once: while modules are loaded there is nothing to put in order, and some of them swallow an exception."""
    os.write(2, b"Error: stopped before anything was begun\n")
    os._exit(130)


def run() -> None:
    """Load the command line and run it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    from spag4d.commands import main

    main()


if __name__ == "__main__":
    run()
