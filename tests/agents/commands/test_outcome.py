from __future__ import annotations

import errno

import pytest
import typer
from rich.table import Table

from roadworthy.agents.commands.outcome import err, guarded, out
from roadworthy.sim.errors import MapError, StorageError, WorldError


def run(error: BaseException) -> int:
    @guarded
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as caught:
        command()
    return int(caught.value.exit_code)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (MapError("unknown town 'X'"), 2, "error: unknown town 'X'"),
        (StorageError("cannot write y"), 1, "error: cannot write y"),
        (WorldError("no"), 1, "error: no"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 1, "the disk is full (/x/y)"),
        (OSError(errno.EACCES, "Permission denied", "/x"), 1, "no permission (/x)"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_code(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(error) == code
    printed = capsys.readouterr()
    assert says in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""


def test_brackets_in_a_message_are_shown_and_not_read_as_style(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(MapError("shape [batch, 3] and [/red]"))
    assert "shape [batch, 3] and [/red]" in capsys.readouterr().err


def test_names_and_paths_that_look_like_markup_are_shown_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = "runs/[/bold] :car: [red]x"
    table = Table(name)
    table.add_row(name)
    for console in (out, err):
        console.print(f"results: {name}", soft_wrap=True)
        console.print(table)
    printed = capsys.readouterr()
    assert printed.out.count(name) == printed.err.count(name) == 3


def test_a_mistake_of_our_own_keeps_its_trace() -> None:
    @guarded
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()
