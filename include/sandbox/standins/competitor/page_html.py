"""The site's pages as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from include.sandbox.standins.competitor.price_list import PAGE, Line

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1d2b1f}"
    "nav a{margin-right:1rem}table{border-collapse:collapse;width:100%}th,td{padding:.35rem .6rem;"
    "border-bottom:1px solid #ccd6cc;text-align:left}tr.old{display:none}tr.section th{background:#e7efe4}"
    "label{display:block;margin:.6rem 0}.login-error{color:#a4151a}button{padding:.4rem 1rem}"
)
# The list comes a moment after the page, as on most sites of today.
_SCRIPT = """
const list = document.getElementById('list'), next = document.getElementById('next-page');
let page = 0;
async function turn() {
  next.disabled = true;
  page += 1;
  await new Promise(done => setTimeout(done, 400));
  const answer = await fetch('/competitor/availability/rows?page=' + page);
  list.innerHTML = await answer.text();
  next.disabled = answer.headers.get('X-Last-Page') !== 'no';
}
next.addEventListener('click', turn);
turn();
"""


def page(title: str, body: str) -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>Greenfields Wholesale Nursery</h1>{body}</body></html>"
    )


def login(token: str, refused: str | None = None) -> str:
    """The login form; `refused` is the account whose login was just refused."""
    error = f'<p class="login-error">No account {escape(refused)} with this password.</p>' if refused else ""
    return page(
        "Login",
        f'{error}<form class="login" method="post" action="/competitor/login">'
        f'<input type="hidden" name="csrf" value="{escape(token)}">'
        '<label>Account <input name="account" autocomplete="off"></label>'
        '<label>Password <input name="password" type="password"></label>'
        "<button>Log in</button></form>",
    )


def home() -> str:
    """What a customer sees first."""
    return page(
        "Welcome", '<nav><a href="/competitor/home">Home</a><a href="/competitor/availability">List</a></nav>'
    )


def availability() -> str:
    """The page around the list, which a script fetches."""
    waiting = '<table id="stock"><tr><td colspan="5">Loading&hellip;</td></tr></table>'
    return page(
        "Availability",
        f'<div id="list">{waiting}</div><p><button id="next-page" disabled>Next page</button></p>'
        f"<script>{_SCRIPT}</script>",
    )


def table(all_lines: Sequence[Line], number: int, day: str) -> str:
    """One page of the list."""
    shown = all_lines[(number - 1) * PAGE : number * PAGE]
    heading = "<tr><th>Plant</th><th>Container</th><th>Avail.</th><th>Your  Price</th><th></th></tr>"
    rows = [f'<tr><th colspan="2">Plant material</th><th colspan="3">As of {escape(day)}</th></tr>', heading]
    section = ""
    for index, line in enumerate(shown):
        if line.section != section:
            section = line.section
            rows.append(f'<tr class="section"><th colspan="5">{escape(section)}</th></tr>')
        if index == PAGE // 2:
            rows.append(heading)
        if index % 7 == 3:
            rows.append(
                f'<tr class="old"><td>{escape(line.name)}</td><td>{escape(line.size)}</td><td>999</td>'
                "<td>$0.01</td><td></td></tr>"
            )
        rows.append(f"<tr>{_name_cell(shown, index)}{_cells(line)}</tr>")
    return f'<table id="stock">{"".join(rows)}</table>'


def _name_cell(shown: Sequence[Line], index: int) -> str:
    """The name, once for all sizes of a plant that stand one below the other."""
    name = shown[index].name
    in_a_row = index % 7 != 3
    if in_a_row and index and index != PAGE // 2 and _same(shown, index - 1, index):
        return ""
    follows = index + 1
    goes_on = follows < len(shown) and follows != PAGE // 2 and follows % 7 != 3
    tall = ' rowspan="2"' if goes_on and _same(shown, index, follows) else ""
    return f"<td{tall}>{escape(name)}</td>"


def _same(shown: Sequence[Line], one: int, other: int) -> bool:
    return (shown[one].name, shown[one].section) == (shown[other].name, shown[other].section)


def _cells(line: Line) -> str:
    return (
        f"<td>{escape(line.size)}</td><td>{line.available}</td><td>{line.price}</td>"
        '<td><input name="order" value="" size="3"></td>'
    )
