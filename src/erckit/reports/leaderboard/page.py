"""A leaderboard as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, LeaderboardSection
from erckit.reports.leaderboard.columns import (
    INTRODUCTION,
    READING,
    UNPLACED,
    UNPLACED_TITLE,
    Column,
    measured_columns,
    published_columns,
    section_facts,
    section_notes,
    section_title,
)
from erckit.reports.leaderboard.interval_chart import interval_chart
from erckit.reports.pages.html_page import html_page
from erckit.reports.pages.html_text import html_text

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--fg:#1b2430;--muted:#566171;--line:#dfe3e9;--soft:#eef1f5;
--link:#1d5fa8;--own:#0b5cad;--other:#b45309}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:1440px;margin:0 auto;padding:0 24px}
header{padding-top:32px}footer{padding-top:1rem;padding-bottom:3rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.015em}
h2{font-size:1.2rem;margin:2.6rem 0 .2rem;overflow-wrap:anywhere}
h3{font-size:.95rem;margin:1.3rem 0 .4rem}
p{margin:.3rem 0;max-width:110ch}.muted,.facts{color:var(--muted)}.facts{font-size:.9rem;margin-bottom:.8rem}
a{color:var(--link)}
nav ul{list-style:none;margin:1rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.4rem .6rem}
nav a{display:inline-block;padding:.15rem .6rem;border:1px solid var(--line);border-radius:99px;background:var(--card);
font-size:.88rem;text-decoration:none}nav a:hover{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.scroll{overflow-x:auto}
a:focus-visible,button:focus-visible,summary:focus-visible,.scroll:focus-visible,.chart:focus-visible{
outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
table{border-collapse:collapse;width:100%;font-size:.86rem}
th,td{padding:.4rem .55rem;text-align:start;vertical-align:top;border-top:1px solid var(--line);white-space:nowrap;
font-weight:400}
thead th{border-top:0;color:var(--muted);font-size:.8rem;vertical-align:bottom;padding-block:.35rem}
tbody th{font-weight:600;position:sticky;left:0;background:var(--card);z-index:1}
td.wide,td.some,tbody th{white-space:normal}td.wide{min-width:13rem}td.some{min-width:6.2rem}
tbody th{min-width:8.5rem;max-width:17rem;overflow-wrap:anywhere}td.number,th.number{text-align:end}
td.score{font-weight:600}td.test{color:var(--other);font-weight:600}
thead button{font:inherit;color:inherit;background:none;border:0;padding:0;margin:0;cursor:pointer;text-align:inherit;
white-space:normal}
thead button:hover{text-decoration:underline}
th[aria-sort] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
.notes{margin:.8rem 0 0;padding-inline-start:1.1rem;font-size:.88rem;color:var(--muted);max-width:110ch}
.notes li{margin:.2rem 0}
.chart{margin:0 0 .9rem;padding:.5rem .8rem;overflow-x:auto}
.chart svg{display:block;margin:0 auto}
.chart text{font-size:12.5px;fill:var(--fg)}.chart .axis{fill:var(--muted);font-size:12px}
.chart .own{font-weight:600}.chart .band{fill:var(--muted);font-style:italic}.chart .value{font-size:12px}
.grid{stroke:var(--line);stroke-width:1}.rule{stroke:var(--muted);stroke-width:1;stroke-dasharray:2 3}
.bar{stroke:var(--own);stroke-width:2;fill:none}.dot{fill:var(--own)}
.seed{fill:none;stroke:var(--own);stroke-width:1.2;opacity:.75}
.diamond{fill:var(--card);stroke:var(--other);stroke-width:2}.cross{stroke:var(--other);stroke-width:1.6}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.6rem 0 0;font-size:.88rem}
.key svg{vertical-align:-3px;margin-inline-end:.35rem}
details{margin-top:.9rem}summary{cursor:pointer;color:var(--link);margin-bottom:.4rem}
@media screen and (max-width:820px){main,header,footer{padding-inline:14px}tbody th{max-width:9.5rem}}
@media screen and (prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--fg:#e7ebf0;--muted:#a3aebc;
--line:#2a323d;--soft:#222933;--link:#7db8f5;--own:#6db1ff;--other:#f2a65a}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{@page{size:A4 landscape;margin:10mm}
:root{--bg:#fff;--card:#fff;--fg:#000;--muted:#444;--line:#bbb;color-scheme:light}
body{font-size:9pt}main,header,footer{max-width:none;padding:0}nav{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll,.chart{overflow:visible;border:0}.chart{break-inside:avoid;padding:0}
.chart svg{max-width:100%;height:auto;max-height:170mm}table{font-size:6.6pt}
th,td{padding:.15rem .25rem;white-space:normal}thead th{font-size:6.6pt}.notes,.facts,.key{font-size:8pt}
td.number,th.number{white-space:nowrap}td.some{white-space:normal}
td.wide,td.some,tbody th{min-width:0}tr{break-inside:avoid}h2,h3,.facts{break-after:avoid}tbody th{position:static}
details::details-content{content-visibility:visible;display:block}}
"""

SCRIPT = """
(function(){
function key(row,i){var cell=row.cells[i],v=cell.dataset.v;return v===undefined?cell.textContent:v===''?null:+v}
document.querySelectorAll('table').forEach(function(table){
[].forEach.call(table.tHead.rows[0].cells,function(head,i){
var button=document.createElement('button');button.type='button';button.textContent=head.textContent;
head.textContent='';head.appendChild(button);
button.onclick=function(){
var number=head.classList.contains('number'),was=head.getAttribute('aria-sort');
var down=was?was==='ascending':number,body=table.tBodies[0];
[].forEach.call(table.tHead.rows[0].cells,function(other){other.removeAttribute('aria-sort')});
head.setAttribute('aria-sort',down?'descending':'ascending');
[].slice.call(body.rows).sort(function(a,b){var x=key(a,i),y=key(b,i);
if(x===null||y===null)return (x===null)-(y===null);
var order=typeof x==='number'?x-y:x.localeCompare(y);return down?-order:order
}).forEach(function(row){body.appendChild(row)})}})});
addEventListener('beforeprint',function(){document.querySelectorAll('details').forEach(function(d){d.open=true})});
})();
"""


Row = TypeVar("Row")


def write_leaderboard_page(leaderboard: Leaderboard, path: str | Path, title: str = "Leaderboard") -> Path:
    """Write a leaderboard as a page that opens from disk, without network, with or without scripts.

    Every protocol has a chart of its measured scores and tables that a click on a heading sorts. The same leaderboard
    gives the same bytes.

    Args:
        leaderboard: What :func:`erckit.evaluation.build_leaderboard` made.
        path: HTML file; replaced at once or not at all.
        title: Heading of the page.

    Returns:
        The path.
    """
    from erckit.storage.atomic import write_text

    return write_text(path, leaderboard_html(leaderboard, title))


def leaderboard_html(leaderboard: Leaderboard, title: str = "Leaderboard") -> str:
    """The page of :func:`write_leaderboard_page` as text."""
    measured = [section for section in leaderboard.sections if section.rows]
    others = [section for section in leaderboard.sections if not section.rows]
    anchors = {id(section): f"s{number}" for number, section in enumerate(leaderboard.sections, start=1)}
    body = "".join(_section(section, anchors[id(section)], leaderboard) for section in [*measured, *others])
    links = [(anchors[id(section)], section_title(section)) for section in [*measured, *others]]
    if leaderboard.unplaced:
        links.append(("unplaced", UNPLACED_TITLE))
        columns = published_columns(leaderboard.unplaced, with_metric=True)
        body += (
            f'<section id="unplaced"><h2>{UNPLACED_TITLE}</h2><p class="muted">{html_text(UNPLACED)}</p>'
            f"{_table(columns, leaderboard.unplaced, UNPLACED_TITLE)}</section>\n"
        )
    listed = "".join(f'<li><a href="#{anchor}">{html_text(name)}</a></li>' for anchor, name in links)
    whole = (
        f"<header><h1>{html_text(title)}</h1><p>{html_text(INTRODUCTION)}</p>"
        f'<p class="muted">{html_text(READING)}</p>{_KEY}'
        f'<nav aria-label="Protocols"><ul>{listed}</ul></nav></header>\n<main>\n{body}</main>\n<footer></footer>'
    )
    return html_page(title, STYLE, SCRIPT, whole)


_BAR, _DOT = '<path class="bar" d="M3 4v8m0 -4H41m0 -4v8"/>', '<circle class="dot" cx="22" cy="8" r="5"/>'
_SEED, _DIAMOND = '<circle class="seed" cx="22" cy="8" r="3"/>', '<path class="diamond" d="M22 2l6 6l-6 6l-6 -6z"/>'
_CROSS = '<path class="cross" d="M18 4l8 8m0 -8l-8 8"/>'
_SIGNS = (
    (_BAR + _DOT, "measured, with its 95 % interval"),
    (_SEED, "one seed"),
    (_DIAMOND, "published"),
    (_DIAMOND + _CROSS, "published, selected on test"),
)
_KEY = '<ul class="key" aria-label="Signs in the charts">{}</ul>'.format(
    "".join(
        f'<li><svg width="44" height="16" viewBox="0 0 44 16" aria-hidden="true">{marks}</svg>{meaning}</li>'
        for marks, meaning in _SIGNS
    )
)


def _section(section: LeaderboardSection, anchor: str, leaderboard: Leaderboard) -> str:
    title = section_title(section)
    parts = [
        f'<section id="{anchor}"><h2>{html_text(title)}</h2><p class="facts">{html_text(section_facts(section))}</p>'
    ]
    if section.rows:
        parts += [interval_chart(section), _table(measured_columns(section), section.rows, f"{title}, measured")]
    published = ""
    if section.published:
        columns = published_columns(section.published)
        published = _table(columns, section.published, f"{title}, published")
    if section.rows and published:
        parts.append(f"<h3>Published scores of this protocol</h3>{published}")
    elif published:
        count = len(section.published)
        parts.append(
            f"<details><summary>Nothing was measured here: {count} published score{'s' * (count != 1)}</summary>"
            f"{published}</details>"
        )
    notes = "".join(f"<li>{html_text(note)}</li>" for note in section_notes(section, leaderboard))
    if notes:
        parts.append(f'<ul class="notes">{notes}</ul>')
    return "".join(parts) + "</section>\n"


def _table(columns: Sequence[Column[Row]], rows: Sequence[Row], name: str) -> str:
    """A table that scrolls sideways on its own; numbers carry the value they are sorted by."""
    head = "".join(
        f'<th scope="col"{_css(column)} title="{html_text(column.about)}">{html_text(column.title)}</th>'
        for column in columns
    )
    body = "".join(
        f'<tr><th scope="row">{html_text(columns[0].text(row))}</th>'
        f"{''.join(_cell(column, row) for column in columns[1:])}</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll card" tabindex="0" role="region" aria-label="{html_text(name)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(column: Column[Row], row: Row) -> str:
    text = column.text(row)
    value = ""
    if column.order is not None:
        order = column.order(row)
        value = f' data-v="{"" if order is None else f"{order:.12g}"}"'
    warned = "test" if column.title == "selected on" and text == "test" else ""
    return f"<td{_css(column, warned)}{value}>{html_text(text)}</td>"


def _css(column: Column[Row], extra: str = "") -> str:
    names = [
        "number" if column.order is not None else "",
        column.width,
        "score" if column.title.endswith(", %") else "",
        extra,
    ]
    shown = " ".join(name for name in names if name)
    return f' class="{shown}"' if shown else ""
