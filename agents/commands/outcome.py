"""How commands end: a sentence on stderr and an exit code, never a trace for what was expected.

Exit codes: 0 done, 1 a check failed or something could not be done, 2 the input was wrong,
130 stopped with Ctrl-C. `ROADWORTHY_DEBUG=1` shows the trace as well.
"""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from typing import ParamSpec

import typer
from rich.console import Console
from rich.text import Text

from roadworthy.sim.errors import InputError, RoadworthyError

P = ParamSpec("P")

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130

# Names and paths come from outside: brackets and colons in them are no markup.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)


def complain(sentence: str) -> None:
    """Print one red sentence on stderr."""
    err.print(Text.assemble(("error:", "bold red"), " ", (sentence, "red")), soft_wrap=True)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what goes wrong in a command into a sentence and an exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            err.print("\nstopped; what was finished before is kept", style="yellow")
            raise typer.Exit(INTERRUPTED) from None
        except RoadworthyError as error:
            _trace()
            complain(str(error))
            code = WRONG_INPUT if isinstance(error, InputError) else FAILED
            raise typer.Exit(code) from None
        except BrokenPipeError:
            raise typer.Exit(0) from None  # the reader of our output has seen enough
        except OSError as error:
            _trace()
            complain(say_os_error(error))
            raise typer.Exit(FAILED) from None

    return run


def say_os_error(error: OSError) -> str:
    """Say what the system refused, and what to do."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full{where}; free some space or choose another --out. "
            "What was finished before is kept"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission{where}; choose a folder that you may write, with --out"
    return f"{error.strerror or error}{where}"


def _trace() -> None:
    if os.environ.get("ROADWORTHY_DEBUG"):
        err.print_exception()
