"""What the documents show works: their Python runs, their commands exist, their links lead on."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from roadworthy.agents.commands.application import app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("agents/**/*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [code for tag, code in _FENCE.findall(page.read_text()) if tag == language]


def commands(page: Path) -> list[str]:
    """The command lines of `roadworthy` in the blocks of a page."""
    lines: list[str] = []
    for code in [*blocks(page, "bash"), *blocks(page, "")]:
        joined = code.replace("\\\n", " ")
        lines += [line for line in joined.splitlines() if line.strip().startswith("roadworthy ")]
    return lines


@pytest.mark.parametrize(
    ("page", "code"),
    [
        pytest.param(page, code, id=f"{page.name}-{i}")
        for page in PAGES
        for i, code in enumerate(blocks(page, "python"))
    ],
)
def test_the_python_of_a_page_runs(
    page: Path, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(page), "exec"), {"__name__": "example"})


@pytest.mark.parametrize(
    ("page", "line"),
    [
        pytest.param(page, line, id=f"{page.name}-{i}")
        for page in PAGES
        for i, line in enumerate(commands(page))
    ],
)
def test_the_commands_of_a_page_exist_with_their_options(page: Path, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in command.commands, f"{page.name}: there is no such command in {line!r}"
        command = command.commands[name]
    known = {name for option in command.params for name in [*option.opts, *option.secondary_opts]}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known | {"--help", "--version"}, f"{page.name}: {line!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
