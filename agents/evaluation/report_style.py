"""How a report looks: one style sheet, inlined, and the colours that charts and map share."""

from __future__ import annotations

# Of agents, in their order; each is dark enough for white text on it.
AGENT_COLOURS = ("#1f5fbf", "#b4530a", "#6b3fa0", "#0f766e")
ROUTE_COLOURS = ("#10877a", "#8d4bbb", "#b0792b", "#4d6fb5", "#a8456b", "#5c7f2b")

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  margin: 0 auto; max-width: 74rem; padding: 2rem 1.25rem 3rem; color: #22272e;
  background: #fbfbfa; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem;
  border-bottom: 1px solid #dfe2e6; }
p { margin: .4rem 0; max-width: 52rem; } p.what, figcaption, .faint { color: #5d6672; }
p.verdict { font-size: 1.12rem; margin: .6rem 0 1.2rem; }
table { border-collapse: collapse; width: 100%; background: #fff; border: 1px solid #e3e6ea; }
td, th { padding: .4rem .65rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e9ecef; }
th { font-weight: 600; color: #48515c; background: #f4f5f6; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.tight { white-space: nowrap; }
table.narrow { width: auto; min-width: 24rem; }
.tiles { display: flex; gap: 1rem; flex-wrap: wrap; }
.tile { background: #fff; border: 1px solid #e3e6ea; border-left-width: .3rem;
  border-radius: .4rem; padding: .7rem 1.1rem; flex: 1 1 16rem; }
.tile b { display: block; font-size: 1.9rem; line-height: 1.2; }
.tile .name { font-weight: 600; } .tile p { margin: .1rem 0; }
.bar { background: #e9ecef; width: 6rem; height: .5rem; border-radius: .25rem; margin-top: .5rem; }
.bar i { display: block; height: .5rem; border-radius: .25rem; }
ul { margin: 0; padding-left: 1.1rem; } ul.plain { list-style: none; padding: 0; }
.bad { color: #ad2218; } .good { color: #1b7339; }
.badge { display: inline-block; min-width: 1.1rem; padding: 0 .2rem; text-align: center;
  color: #fff; border-radius: .25rem; font-size: .8rem; font-weight: 600; }
figure { margin: .6rem 0; } svg, img, video { max-width: 100%; height: auto; display: block; }
.map svg { width: 100%; border: 1px solid #dfe2e6; border-radius: .4rem;
  background: #ecf0e8; }
.charts, .pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
.charts figure { flex: 1 1 19rem; background: #fff; border: 1px solid #e3e6ea;
  border-radius: .4rem; padding: .6rem .6rem .3rem; margin: 0; }
.pictures img { width: 100%; border-radius: .3rem; }
.pictures figure { flex: 1 1 30rem; margin: 0; }
video { width: 100%; border-radius: .4rem; background: #181a1e; }
.note { background: #fff8e8; border: 1px solid #f0dfb4; border-radius: .4rem;
  padding: .5rem .9rem; max-width: none; }
"""


def agent_colour(number: int) -> str:
    """Colour of the n-th agent."""
    return AGENT_COLOURS[number % len(AGENT_COLOURS)]


def route_colour(number: int) -> str:
    """Colour of the n-th route."""
    return ROUTE_COLOURS[number % len(ROUTE_COLOURS)]
