"""`roadworthy suites`: which suites are shipped, and their files."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy.agents.commands.outcome import guarded, out

app = typer.Typer(help="List the shipped suites, or show one.", invoke_without_command=True)


@app.callback()
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_suites()


@app.command("list")
@guarded
def list_suites() -> None:
    """List the suites that `evaluate --routes` takes by their names."""
    from rich.table import Table

    from roadworthy.agents.evaluation.routes import suite_file, suite_names
    from roadworthy.sim.scenario.files import about, read_entries

    table = Table()
    for name in ("suite", "routes", "towns", "about"):
        table.add_column(name, justify="right" if name == "routes" else "left")
    for name in suite_names():
        entries = read_entries(suite_file(name))
        towns = dict.fromkeys(entry.spec.town or "" for entry in entries)
        count = sum(len(entry.ids) for entry in entries)
        table.add_row(name, str(count), ", ".join(towns), about(suite_file(name)))
    out.print(table)


@app.command()
@guarded
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of `roadworthy suites list`.")],
) -> None:
    """Print the file of a suite, to be copied and edited: `suites show ci > my.yaml`."""
    from roadworthy.agents.evaluation.routes import suite_file

    typer.echo(suite_file(name).read_text("utf-8"), nl=False)
