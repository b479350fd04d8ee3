"""Runs a command and turns every way it can end into one sentence and an exit code.

0 is success, 1 an error the user can act on, 2 a wrong command line, 130 Ctrl+C, and 128 plus a
number another signal. Tracebacks are not shown but written to a file, unless ``RPTERM_DEBUG=1``.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rpterm.errors import InvalidChoice, RptermError, traceback_text

WRONG_USAGE = 2
INTERRUPTED = 130
PIPE_CLOSED = 141
HUNG_UP = 129
ENDING_SIGNALS = ("SIGTERM", "SIGHUP")


def run(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command, report an error if there is one, and return the exit code."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # Closed before the start (`>&-`), so nobody is there.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    try:
        with signals_handled(_unwind, *ENDING_SIGNALS):
            code = command(arguments)
        sys.stdout.flush()
    except RptermError as error:
        complain(str(error))
        return WRONG_USAGE if isinstance(error, InvalidChoice) else 1
    except KeyboardInterrupt:
        import signal

        # While the program closes, another Ctrl+C would only interrupt that.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except BrokenPipeError:
        _silence_output()
        return PIPE_CLOSED
    except OSError as error:
        if error.errno == errno.ENOSPC:
            complain("The disk is full: nothing more could be written. Free some space.")
            _silence_output()
            return 1
        if not _hung_up(error):
            return _report_bug(error)
        _silence_output()
        return HUNG_UP
    except Exception as error:  # noqa: BLE001 - reported, with the traceback in a file
        return _report_bug(error)
    return code


def _report_bug(error: Exception) -> int:
    if os.environ.get("RPTERM_DEBUG", "") not in ("", "0"):
        raise error
    complain(write_crash_report(error))
    return 1


def _hung_up(error: OSError) -> bool:
    """Whether an I/O error was caused by a terminal that has been closed."""
    import select

    if error.errno != errno.EIO or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    for number in (0, 1, 2):
        poll.register(number, 0)
    return any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0))


@contextmanager
def signals_handled(handler: Any, *names: str) -> Iterator[None]:
    """Handle these signals, as far as the platform has them, until the end of the block.

    Args:
        handler: As ``signal.signal`` takes it.
    """
    import signal

    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)


def _unwind(number: int, frame: object) -> None:
    """Let a signal unwind the stack, so that everything open is stored and closed."""
    raise SystemExit(128 + number)


def complain(text: str) -> None:
    """Write an error to standard error; if that is closed, do nothing."""
    from rpterm.cli import out

    out.tell(f"rpterm: {text}")


def write_crash_report(error: BaseException) -> str:
    """Write the traceback of a bug to a file.

    Returns:
        A sentence for the user with the file's path.
    """
    import time
    from contextlib import suppress

    from rpterm import paths
    from rpterm.version import __version__

    what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    name = time.strftime("crash-%Y%m%d-%H%M%S.log")
    head = f"rpterm {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n\n"
    folders = [Path("/tmp" if os.name == "posix" else ".")]
    with suppress(paths.PathError):
        folders.insert(0, paths.find().logs)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(head + traceback_text(error), encoding="utf-8")
        except OSError:
            continue
        return f"stopped by a bug in rpterm ({what}); the details are in {folder / name}."
    return f"stopped by a bug in rpterm ({what}); RPTERM_DEBUG=1 shows the details."


def _silence_output() -> None:
    """Keep Python from reporting, at exit, that a pipe or a terminal has been closed."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.dup2(sink, sys.stderr.fileno())
    os.close(sink)
