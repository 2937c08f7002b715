"""HTML pages that open from disk: a digest of ten records, a report of a range of dates, the rows of a query. Pure.

A page needs no font and no other file, and sends no request (its content security policy forbids everything but its own style and script);
it follows the reader's light or dark scheme and fits a narrow screen. Texts of publishers are escaped, their URLs are only links. The one
script sorts and pages a table; without scripts the table is shown whole.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from html import escape
from itertools import groupby
from typing import Any

import pyarrow as pa

from pipeline.publishing.exports.links import safe_link
from pipeline.publishing.exports.tabular import plain_rows, shown_text
from pipeline.text.control_characters import drop_controls
from pipeline.text.counts import counted

Row = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --soft: #5b6068; --line: #d9dce0; --back: #ffffff; --card: #f5f6f8; --link: #0b57d0;
  --heat: #b3400b; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e7ea; --soft: #a3a8b0; --line: #363a40; --back: #16181b; --card: #1f2226;
  --link: #8ab4f8; --heat: #ffab7a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1.05rem; margin: 0; line-height: 1.35; }
p { margin: .25rem 0; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.soft { color: var(--soft); font-size: .9rem; }
ol { list-style: none; margin: 0; padding: 0; }
li.record { display: grid; grid-template-columns: 4rem 1fr; gap: .75rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
.heat { color: var(--heat); font-weight: 700; font-variant-numeric: tabular-nums; text-align: right; }
.heat small { display: block; color: var(--soft); font-weight: 400; }
details { margin-top: .35rem; }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
table { font-size: .95rem; border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); overflow-wrap: normal; white-space: nowrap; }
th.number, td.number { text-align: right; }
.sorts { overflow-x: auto; }
.sorts td { vertical-align: top; }
.sorts td.long { white-space: normal; min-width: 16rem; overflow-wrap: anywhere; }
th button { font: inherit; font-weight: 700; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th[aria-sort="ascending"] button::after { content: " \\25b2"; }
th[aria-sort="descending"] button::after { content: " \\25bc"; }
.pager { display: flex; gap: .75rem; align-items: center; margin: .5rem 0; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem .9rem; }
@media (max-width: 34rem) { li.record { grid-template-columns: 1fr; gap: .1rem; } .heat { text-align: left; }
  .heat small { display: inline; margin-left: .4rem; } }
"""


PAGE_ROWS = 50
"""Rows of the table of all records that are shown at a time. A plain choice."""
COLUMNS = ("heat", "quality", "time (UTC)", "publisher", "topics", "title")
NUMBERS = COLUMNS[:2]
NUMBER, LONG = ' class="number"', ' class="long"'
LONG_TEXT = 40
"""Characters from which a cell of a query's table is wrapped. A plain choice."""
SCRIPT = """
for (const table of document.querySelectorAll(".sorts table")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const pager = document.createElement("div"), shown = document.createElement("span");
  const back = document.createElement("button"), next = document.createElement("button");
  let first = 0;
  const show = () => {
    const last = Math.min(first + PAGE_ROWS, rows.length);
    body.replaceChildren(...rows.slice(first, last));
    shown.textContent = rows.length ? `${first + 1} to ${last} of ${rows.length}` : "none";
    back.disabled = first === 0;
    next.disabled = last === rows.length;
  };
  heads.forEach((head, place) => {
    const button = document.createElement("button"), isNumber = head.classList.contains("number");
    const text = (row) => row.cells[place].textContent;
    const compare = isNumber ? (a, b) => text(a) - text(b) : (a, b) => text(a).localeCompare(text(b));
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const isFalling = before ? before === "ascending" : isNumber;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isFalling ? "descending" : "ascending");
      rows.sort((a, b) => isFalling ? compare(b, a) : compare(a, b));
      first = 0;
      show();
    });
  });
  for (const [button, name, step] of [[back, "Previous", -PAGE_ROWS], [next, "Next", PAGE_ROWS]]) {
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => { first += step; show(); });
  }
  pager.className = "pager";
  shown.setAttribute("role", "status");
  pager.append(back, shown, next);
  table.after(pager);
  show();
}
""".replace("PAGE_ROWS", str(PAGE_ROWS))
"""Makes the headings of a table buttons that sort its rows, and shows `PAGE_ROWS` of them at a time."""


def digest_page(records: Sequence[Row], *, day: date) -> str:
    """The day's digest: its records in the given order."""
    return _page(f"Digest of {day.isoformat()}", counted(len(records), "story", "stories"), _list(records))


def report_page(records: Sequence[Row], *, first: date, last: date, title: str | None = None) -> str:
    """The records of the dates from `first` to `last` inclusive: an overview of the dates, then each date's records, the hottest first.

    A member of a story that is not its lead is listed only below the lead.
    """
    name = title or (f"News of {first.isoformat()}" if first == last else f"News from {first.isoformat()} to {last.isoformat()}")
    by_date = {day: list(rows) for day, rows in groupby(sorted(records, key=_order), key=lambda row: row["published_date"])}
    sections = [_overview(by_date)]
    for day, rows in sorted(by_date.items(), reverse=True):
        shown = [row for row in rows if row["heat"] >= 0]
        sections.append(f'<section><h2 id="d{day.isoformat()}">{day:%A}, {day.isoformat()}</h2>{_list(shown)}</section>')
    ordered = [row for _, rows in sorted(by_date.items(), reverse=True) for row in rows]
    sections.append(f'<section><h2 id="records">All records</h2>{_table(ordered)}</section>')
    published = sum(1 for row in records if row["published"])
    return _page(name, f"{counted(len(records), 'record')}, {published} published", "".join(sections), script=SCRIPT)


def rows_page(table: pa.Table, *, title: str) -> str:
    """The rows of a query as a table whose headings sort, some rows at a time; web addresses are links."""
    numbers = {field.name for field in table.schema if _is_number(field.type)}
    lines = ["".join(_cell(shown_text(row[name]), is_number=name in numbers) for name in table.column_names) for row in plain_rows(table)]
    heads = [(name, name in numbers) for name in table.column_names]
    return _page(title, counted(table.num_rows, "row"), _sortable(heads, lines), script=SCRIPT)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _cell(text: str, *, is_number: bool) -> str:
    look = NUMBER if is_number else LONG if len(text) >= LONG_TEXT else ""
    return f"<td{look}>{_link(text, text) if text.startswith(('http://', 'https://')) else _text(text)}</td>"


def _sortable(heads: Sequence[tuple[str, bool]], lines: Sequence[str]) -> str:
    """The table of these headings, each with whether its column has numbers, and of these cells of rows."""
    names = "".join(f'<th scope="col"{NUMBER if is_number else ""}>{_text(name)}</th>' for name, is_number in heads)
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="sorts"><table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table></div>'


def _order(row: Row) -> tuple[Any, ...]:
    return row["published_date"], -row["heat"], -row["quality"], row["publishedDateTime"], row["webUrl"]


def _overview(by_date: Mapping[date, Sequence[Row]]) -> str:
    lines = "".join(
        f'<tr><th scope="row"><a href="#d{day.isoformat()}">{day.isoformat()}</a></th><td class="number">{len(rows)}</td>'
        f'<td class="number">{sum(1 for row in rows if row["published"])}</td>'
        f'<td class="number">{max(row["heat"] for row in rows)}</td></tr>'
        for day, rows in sorted(by_date.items(), reverse=True)
    )
    numbers = "".join(f'<th scope="col" class="number">{name}</th>' for name in ("records", "published", "hottest"))
    return f'<table><thead><tr><th scope="col">date</th>{numbers}</tr></thead><tbody>{lines}</tbody></table>'


def _table(records: Sequence[Row]) -> str:
    lines = [
        f"<td{NUMBER}>{row['heat']}</td><td{NUMBER}>{row['quality']}</td>"
        f"<td>{row['publishedDateTime'].astimezone(UTC):%Y-%m-%d %H:%M}</td><td>{_text(row['provider']['name'])}</td>"
        f"<td>{_text(', '.join(row['topics']))}</td><td{LONG}>{_link(row['webUrl'], row['title'])}</td>"
        for row in records
    ]
    return _sortable([(name, name in NUMBERS) for name in COLUMNS], lines)


def _list(records: Sequence[Row]) -> str:
    if not records:
        return '<p class="soft">No record.</p>'
    return f"<ol>{''.join(map(_item, records))}</ol>"


def _item(row: Row) -> str:
    topics = f" · {_text(', '.join(row['topics']))}" if row["topics"] else ""
    excerpt = f"<p>{_text(row['excerpt'])}</p>" if row["excerpt"] else ""
    return (
        f'<li class="record"><div class="heat"><span title="heat">{row["heat"]}</span><small>quality {row["quality"]}</small></div>'
        f"<article><h3>{_link(row['webUrl'], row['title'])}</h3>"
        f'<p class="soft">{_text(row["provider"]["name"])} · {_time(row["publishedDateTime"])}{topics}</p>'
        f"{excerpt}{_related(row)}</article></li>"
    )


def _related(row: Row) -> str:
    if not row["related"]:
        return ""
    items = "".join(
        f'<li>{_link(other["webUrl"], other["title"])} <span class="soft">{_text(other["provider"]["name"])}, '
        f"{_time(other['publishedDateTime'])}</span></li>"
        for other in row["related"]
    )
    return f"<details><summary>{counted(len(row['related']), 'more article')} of its story</summary><ul>{items}</ul></details>"


def _link(url: str, text: str) -> str:
    address = safe_link(url)
    return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">{_text(text)}</a>' if address else _text(text)


def _time(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}">{utc:%Y-%m-%d %H:%M} UTC</time>'


def _text(text: str) -> str:
    return escape(drop_controls(text))


def _hash_source(text: str) -> str:
    """The source `'sha256-...'` of a policy that allows an inline style or script with just this text (CSP Level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _page(title: str, summary: str, content: str, *, script: str | None = None) -> str:
    allowed = f" script-src {_hash_source(script)};" if script is not None else ""
    policy = f"default-src 'none'; style-src {_hash_source(STYLE)};{allowed} base-uri 'none'; form-action 'none'"
    ending = f"<script>{script}</script>\n" if script is not None else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{_text(title)}</h1>"
        f'<p class="soft">{_text(summary)}. Times are UTC.</p></header>\n<main>{content}</main>\n{ending}</body>\n</html>\n'
    )
