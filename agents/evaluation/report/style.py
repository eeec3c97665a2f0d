"""How a report looks: one style sheet that stands in the page.

Colours of infractions keep apart for all common kinds of colour blindness (after Okabe and Ito,
"Color Universal Design", 2008, darkened until they reach a contrast of 4.5 on the ground of the
page, WCAG 2.2 criterion 1.4.3); a shape says the same again.
"""

from __future__ import annotations

ROUTE_COLOURS = ("#0b6b60", "#7a3ea8", "#8a5a00", "#2f5597", "#9c2f5d", "#4a6b1c")

STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #57616c; --ground: #fcfcfb;
  --card: #ffffff; --line: #dfe3e7; --faint: #eceff1; --data: #1f5fbf; --other: #8a5300;
  --good: #176b38; --bad: #b3261e; --warn: #fdf6e3; --warn-line: #ecd9a3;
  --hit: #b8400a; --sign: #1d5fb4; --place: #7b3fa0; --pace: #6b5900; --on: #ffffff; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #a3adb8;
  --ground: #14171a; --card: #1b1f24; --line: #333a42; --faint: #272c33; --data: #7db2ff;
  --other: #f0b04f; --good: #6fd08c; --bad: #ff8a80; --warn: #2b2615; --warn-line: #5d5128;
  --hit: #ff9457; --sign: #79b0ff; --place: #cf9bf2; --pace: #e0c64a; --on: #14171a; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
  background: var(--ground); overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .7rem; padding-top: .8rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.1rem 0 .3rem; } .card h3, .drive h3 { margin-top: 0; }
p { margin: .4rem 0; max-width: 46rem; } a { color: var(--data); }
.what, figcaption, .soft { color: var(--soft); } .small { font-size: .875rem; }
.lead { font-size: 1.1rem; margin: .2rem 0 0; } nav { margin: 1.1rem 0 0; }
nav a { margin-right: 1.1rem; white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .tight { white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem 1.25rem; margin: 1rem 0; }
.hero { display: grid; grid-template-columns: minmax(11rem, auto) 1fr; gap: .5rem 2rem;
  align-items: center; }
.hero > * { min-width: 0; } .hero h2 { border: 0; margin: 0; padding: 0; grid-column: 1 / -1; }
.figure { font-size: 3.4rem; font-weight: 650; line-height: 1; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.strip { max-width: 38rem; margin-left: auto; }
.figure small { font-size: 1rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
  gap: .8rem 1.5rem; margin: .9rem 0 0; padding-top: .9rem; grid-column: 1 / -1;
  border-top: 1px solid var(--line); }
dl.figures dt { color: var(--soft); font-size: .875rem; }
dl.figures dd { margin: 0; font-size: 1.3rem; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
dl.figures dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
.told { margin: 1rem 0; padding: 0; list-style: none; }
.told li { padding: .35rem 0 .35rem 1.9rem; text-indent: -1.9rem; max-width: 60rem; }
.told .holds { display: inline-block; width: 1.4rem; margin-right: .5rem; text-indent: 0;
  text-align: center; font-weight: 700; }
.note { background: var(--warn); border: 1px solid var(--warn-line); border-radius: .5rem;
  padding: .6rem 1rem; margin: 1rem 0; max-width: none; } .note ul { margin: .3rem 0; }
.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
table.narrow { width: auto; min-width: min(100%, 24rem); }
caption { text-align: left; color: var(--soft); padding: .2rem 0; }
td, th { padding: .42rem .8rem .42rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--faint); } td.n, th.n { text-align: right; }
th { font-weight: 600; } th[scope=row] { font-weight: 400; }
.n + td:not(.n), .n + th:not(.n) { padding-left: 1rem; }
thead th { border-bottom: 1px solid var(--soft); white-space: nowrap;
  vertical-align: bottom; } td:last-child, th:last-child { padding-right: 0; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button::after { content: " \\2195"; color: var(--soft); font-weight: 400; }
th[aria-sort=ascending] button::after { content: " \\2191"; color: inherit; }
th[aria-sort=descending] button::after { content: " \\2193"; color: inherit; }
:is(a, button, summary, select, [tabindex]):focus-visible { outline: 2px solid var(--data);
  outline-offset: 2px; border-radius: 2px; }
td .seeds { display: block; font-size: .8rem; color: var(--soft); font-weight: 400; }
ul { margin: 0; padding-left: 1.1rem; } ul.plain { list-style: none; padding: 0; }
ul.plain li { margin: .15rem 0; }
.mark { vertical-align: -.16em; width: 1em; height: 1em; display: inline-block; }
.number { display: inline-block; min-width: 1.6em; font-weight: 600; font-size: .875em;
  font-variant-numeric: tabular-nums; }
.sortable td:last-child { min-width: 15rem; } .sortable td:first-child { white-space: nowrap; }
.hit { --tone: var(--hit); } .signal { --tone: var(--sign); } .place { --tone: var(--place); }
.pace { --tone: var(--pace); }
.shape { fill: var(--tone); stroke: var(--card); }
figure { margin: .6rem 0; } svg, img, video { max-width: 100%; height: auto; display: block; }
svg text { font-family: inherit; fill: var(--soft); }
svg .glyph text { fill: var(--on); font-weight: 700; text-anchor: middle; }
svg .strong { fill: var(--ink); font-weight: 600; } svg .grid { stroke: var(--faint); }
svg .axis { stroke: var(--soft); } svg .data { stroke: var(--data); fill: none; }
svg .other { stroke: var(--other); fill: none; } svg .limit { stroke: var(--soft);
  stroke-dasharray: 4 3; fill: none; } svg .dot { fill: var(--data); fill-opacity: .75; }
svg .dot.other { fill: var(--other); stroke: none; } svg .fill { fill: var(--data); }
svg .fill.other { fill: var(--other); stroke: none; } svg .pin { stroke: var(--tone); }
.key { display: inline-block; width: 1.4rem; border-top: 2px solid; vertical-align: .25em;
  margin-right: .3rem; } .key.data { color: var(--data); } .key.other { color: var(--other); }
.key.limit { color: var(--soft); border-top-style: dashed; }
.map .wide { margin: 0; border: 1px solid var(--line); border-radius: .5rem; }
.map .wide svg { width: 100%; max-height: 44rem; min-width: 38rem; background: #ecf0e8;
  border-radius: .5rem; } .map .wide text { fill: #3d454d; }
.map .wide .glyph text { fill: #fff; }
.map { --hit: #b8400a; --sign: #1d5fb4; --place: #7b3fa0; --pace: #6b5900; --on: #fff;
  --card: #fff; }
@media screen and (prefers-color-scheme: dark) { .map .wide svg { filter: brightness(.86); } }
.map a:hover .shape, .map a:focus .shape { stroke: #000; stroke-width: 3; }
.legend { margin-top: .3rem; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem; }
.charts, .pictures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
.charts figure, .pictures figure { margin: 0; } .chart { width: 100%; max-width: 34rem; }
.pictures img { width: 100%;
  border-radius: .4rem; } .pictures { grid-template-columns:
  repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.seen h3 { grid-column: 1 / -1; } .seen figure { margin: 0; }
@media (min-width: 56rem) { .seen { display: grid; gap: .5rem 1.5rem;
  grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }
video { width: 100%; border-radius: .4rem; background: #181a1e; }
details { border-top: 1px solid var(--faint); } details:last-of-type {
  border-bottom: 1px solid var(--faint); }
summary { cursor: pointer; padding: .45rem 0; } summary .n { float: right; margin-left: 1rem; }
details[open] > summary { font-weight: 600; }
details > .drive { margin: .2rem 0 1.6rem; padding-left: 1.1rem;
  border-left: 3px solid var(--faint); }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: .6rem 0; }
select { font: inherit; } footer { margin-top: 3rem; }
@media (max-width: 40rem) { body { padding: 1.2rem .9rem 3rem; font-size: 15px; }
  .hero { grid-template-columns: 1fr; } .figure { font-size: 2.8rem; }
  .card { padding: .9rem; } td, th { padding-right: .6rem; } }
@media print { .sortable td:last-child { min-width: 0; } table { font-size: 8.5pt; }
  th button::after { display: none; } body { max-width: none; padding: 0;
  font-size: 10.5pt; } nav, .tools { display: none; } details, figure, tr, .card {
  break-inside: avoid; } h2, h3, summary { break-after: avoid; } .wide { overflow: visible; }
  a { color: inherit; text-decoration: none; } .map .wide svg { min-width: 0; filter: none; } }
"""


def route_colour(number: int) -> str:
    """Colour of the n-th route on a map."""
    return ROUTE_COLOURS[number % len(ROUTE_COLOURS)]
