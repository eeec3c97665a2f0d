"""All commands of `roadworthy` together."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy import __version__
from roadworthy.agents.commands import suites, towns
from roadworthy.agents.commands.bench import bench
from roadworthy.agents.commands.collect import collect
from roadworthy.agents.commands.compare import compare
from roadworthy.agents.commands.demo import demo
from roadworthy.agents.commands.doctor import doctor
from roadworthy.agents.commands.drive import drive
from roadworthy.agents.commands.evaluate import evaluate
from roadworthy.agents.commands.export import export
from roadworthy.agents.commands.outcome import out
from roadworthy.agents.commands.replay import replay
from roadworthy.agents.commands.serve import serve
from roadworthy.agents.commands.train import train

app = typer.Typer(
    name="roadworthy",
    help="Train driving agents, drive them and score them: headless, without a server or a GPU.",
    epilog="Start with `roadworthy demo`. `roadworthy COMMAND --help` explains each command.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"roadworthy {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


for _command in (
    demo,
    drive,
    evaluate,
    replay,
    compare,
    collect,
    train,
    export,
    serve,
    bench,
    doctor,
):
    app.command()(_command)
app.add_typer(towns.app, name="towns")
app.add_typer(suites.app, name="suites")
