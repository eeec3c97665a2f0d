"""The few lines of script that make a report handier; without them it can be read as well."""

from __future__ import annotations

import base64
import hashlib

# Works on tables of the class `sortable`, one <tbody> a route, and the numbers in data-v.
SCRIPT = """
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const value = (body, k) => {
    const cell = body.rows[0].cells[k], number = Number(cell.dataset.v);
    return cell.dataset.v === undefined || Number.isNaN(number)
      ? cell.textContent.trim().toLowerCase() : number;
  };
  heads.forEach((head, k) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = new Intl.Collator(undefined, { numeric: true });
      const sorted = [...table.tBodies].map(body => [value(body, k), body]).sort(([a], [b]) =>
        typeof a === "number" && typeof b === "number" ? a - b
          : order.compare(String(a), String(b)));
      if (down) sorted.reverse();
      sorted.forEach(([, body]) => table.append(body));
    });
  });
}
for (const choice of document.querySelectorAll("select[data-for]")) {
  choice.closest(".tools").hidden = false;
  choice.addEventListener("change", () => {
    for (const body of document.getElementById(choice.dataset.for).tBodies) {
      body.hidden = choice.value !== "" && !body.dataset.has.split(" ").includes(choice.value);
    }
  });
}
const reveal = () => {
  const id = decodeURIComponent(location.hash.slice(1));
  const found = id && document.getElementById(id);
  const box = found && found.closest("details");
  if (box) { box.open = true; found.scrollIntoView(); }
};
addEventListener("hashchange", reveal);
reveal();
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details.map:not([open])")];
  closed.forEach(box => { box.open = true; });
});
addEventListener("afterprint", () => closed.forEach(box => { box.open = false; }));
"""


def policy() -> str:
    """What a browser may do with the page: run this one script, and fetch nothing from elsewhere.

    Text from outside is escaped; were one forgotten, what it brings would not run.
    """
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; media-src data: 'self' file:; base-uri 'none'; form-action 'none'"
    )
