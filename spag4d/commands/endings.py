"""How a command ends: with a message and the right exit code, whatever the user, a signal or the system does."""

import functools
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from spag4d.device import is_out_of_memory
from spag4d.errors import Cancelled, InputError, ResourceError, Spag4dError
from spag4d.io.atomic import is_full
from spag4d.io.opening import check_is_readable
from spag4d.io.standard_input import NAMES as STANDARD_INPUT

_STOPPED = "stopped; no half-written scene was left behind, and a download will continue where it stopped"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_stops: list[int] = []


def in_words(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end with a message and the right exit code for any error that the user caused."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            _check_given(kwargs)
            command(*args, **kwargs)
        except Spag4dError as error:
            _end(error)
        except BrokenPipeError:  # the reader of our output has stopped reading
            raise SystemExit(1) from None
        except (KeyboardInterrupt, Exception) as error:
            known = _known(error)
            if known is None:
                raise
            _end(known)

    return wrapped


def _check_given(arguments: dict[str, Any]) -> None:
    for name in ("input", "scene", "inputs", "depth_map", "panorama"):
        value = arguments.get(name)
        for path in value if isinstance(value, tuple) else (value,):
            if isinstance(path, Path) and not (name == "input" and str(path) in STANDARD_INPUT):
                check_is_readable(path)


def _known(error: BaseException) -> Spag4dError | None:
    """Return the message for anything but a bug: a request to stop, and refusals by the system."""
    if isinstance(error, KeyboardInterrupt) or _stops:  # a library may have made another error of it
        return Cancelled(_STOPPED)
    if isinstance(error, Exception) and is_out_of_memory(error):
        return ResourceError("memory ran out. Close other programs, or use a smaller file.")
    if isinstance(error, OSError) and error.errno is not None:
        return (ResourceError if is_full(error) else InputError)(_of_system(error))
    return None


def _of_system(error: OSError) -> str:
    return f"the system {f'refuses {error.filename}' if error.filename else 'says'}: {error.strerror}."


def _end(error: Spag4dError) -> NoReturn:
    click.echo(f"Error: {error}", err=True)
    raise SystemExit(error.exit_code)


def _stop(number: int, frame: object) -> None:
    _stops.append(number)
    raise KeyboardInterrupt


def run(command: click.Command, name: str) -> NoReturn:
    """Run a command line; a request to terminate ends it as cleanly as Ctrl-C does."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under `nohup`
            signal.signal(number, _stop)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # remarks of libraries with lines of their source are for developers
    code: object = 0
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except SystemExit as error:
        code = error.code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"Error: {_STOPPED}", err=True)
        code = Cancelled.exit_code
    finally:
        for number in _SIGNALS:
            if signal.getsignal(number) is _stop:
                signal.signal(number, signal.SIG_DFL)  # all is done: there is nothing left to clean up
    _flush()
    raise SystemExit(code if isinstance(code, int) else 0)


def _flush() -> None:
    """Flush the output, and keep the interpreter from complaining about a closed pipe when it exits."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
