"""A map of emotions as one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.reports.figures.place_names import lead_end, place_names
from erckit.reports.pages.html_page import html_page
from erckit.reports.pages.html_text import html_text
from erckit.reports.pages.svg_markers import marker_path
from erckit.reports.palette import label_styles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from erckit.evaluation.vectors.emotion_map import EmotionMap

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--fg:#1b2430;--muted:#566171;--line:#dfe3e9;--link:#1d5fa8;
--heat:#2a6fb5;--halo:#fff}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:1200px;margin:0 auto;padding:0 24px}header{padding-top:30px}footer{padding-bottom:3rem}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .6rem}
.facts{margin:0 0 1.2rem;padding-inline-start:1.1rem;color:var(--muted);font-size:.9rem;max-width:110ch}
.muted{color:var(--muted);font-size:.9rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.map{padding:.8rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:0;padding:.1rem .4rem .6rem;font-size:.9rem}
.legend label{display:flex;align-items:center;gap:.35rem;cursor:pointer}.legend small{color:var(--muted)}
.legend input{accent-color:var(--link);margin:0}
html:not(.js) .legend input{display:none}
.chart{display:block;width:100%;height:auto;max-height:80vh}
.legend path,th path{fill:var(--c)}
.points{fill:var(--c);opacity:.62}.points use:hover{stroke:var(--fg);stroke-width:.25}
.mean use{fill:var(--c);stroke:var(--fg);stroke-width:.16}
.lead{stroke:var(--fg);stroke-width:1;fill:none}
.mean text{font-size:14px;font-weight:600;fill:var(--fg);paint-order:stroke;stroke:var(--halo);stroke-width:4px;
stroke-linejoin:round}
.off{display:none}
.scroll{overflow-x:auto}.scroll:focus-visible,input:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{padding:.4rem .6rem;border-top:1px solid var(--line);text-align:end;white-space:nowrap;font-weight:400}
thead th{border-top:0;color:var(--muted);font-size:.8rem;vertical-align:bottom}
tbody th,thead th:first-child{text-align:start}tbody th{font-weight:600}th svg{vertical-align:-1px}
td[style]{background:color-mix(in srgb,var(--heat) calc(var(--s)*.5),var(--card))}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--fg:#e7ebf0;--muted:#9aa6b5;--line:#2a323d;
--link:#7db8f5;--heat:#3d7fc4;--halo:#171c23}.points{opacity:.8}}
@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.legend input{display:none}}
"""

SCRIPT = """
(function(){
document.documentElement.classList.add('js');
document.querySelectorAll('.legend input').forEach(function(box){box.onchange=function(){
document.querySelectorAll('.chart g.'+box.dataset.l).forEach(function(g){g.classList.toggle('off',!box.checked)})}});
})();
"""


_WIDTH, _HEIGHT, _MARGIN = 900.0, 640.0, 24.0
_MARK, _LETTER, _LINE, _NAME = 9.0, 8.8, 19.0, 29  # px: a mean, a bold letter, a line; letters of a name


def write_emotion_map(found: EmotionMap, path: str | Path, with_text: bool = False) -> Path:
    """Write a map as a page that opens from disk, without network, with or without scripts.

    Args:
        found: The map.
        path: HTML file; replaced at once or not at all.
        with_text: Show what was said when the pointer rests on a mark. Without it the page holds no word of the
            corpus.

    Returns:
        The path.
    """
    from erckit.storage.atomic import write_text

    return write_text(path, emotion_map_html(found, with_text))


def emotion_map_html(found: EmotionMap, with_text: bool = False) -> str:
    """The page of :func:`write_emotion_map` as text."""
    styles = label_styles(found.label_set.labels)
    light = "".join(f".{style.css}{{--c:{style.light}}}" for style in styles.values())
    dark = "".join(f".{style.css}{{--c:{style.dark}}}" for style in styles.values())
    sheet = f"{STYLE}{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n"
    facts = "".join(f"<li>{html_text(fact)}</li>" for fact in found.facts)
    title = f"Map of emotions: {found.title}"
    body = (
        f'<header><h1>{html_text(title)}</h1><ul class="facts">{facts}</ul></header>\n<main>\n'
        f'<div class="map card">{_legend(found, styles)}{_chart(found, styles, with_text)}</div>\n'
        "<p class=muted>Large marks with a name are the means of the labels. "
        f"Across: {html_text(found.axes[0])}. Up: {html_text(found.axes[1])}.</p>\n"
        f"<h2>Distances between labels</h2>\n{_table(found, styles)}\n</main>\n<footer></footer>"
    )
    return html_page(title, sheet, SCRIPT, body)


def _mark(number: int, css: str, size: float) -> str:
    return (
        f'<svg class="{css}" width="{size:g}" height="{size:g}" viewBox="-1.15 -1.15 2.3 2.3" aria-hidden="true">'
        f'<path d="{marker_path(number)}"/></svg>'
    )


def _legend(found: EmotionMap, styles: dict[str, Any]) -> str:
    entries = "".join(
        f'<li><label><input type="checkbox" checked data-l="{styles[label].css}">{_mark(i, styles[label].css, 15)}'
        f"<span>{html_text(label)}</span> <small>{found.counts[i]:,}</small></label></li>"
        for i, label in enumerate(found.label_set.labels)
    )
    return f'<ul class="legend" aria-label="Labels">{entries}</ul>'


def _chart(found: EmotionMap, styles: dict[str, Any], with_text: bool) -> str:
    import numpy as np

    everything = np.concatenate([found.points, found.prototypes])
    low, span = everything.min(axis=0), np.maximum(np.ptp(everything, axis=0), 1e-9)
    scale = float(np.min([(_WIDTH - 2 * _MARGIN) / span[0], (_HEIGHT - 2 * _MARGIN) / span[1]]))
    offset = (np.array([_WIDTH, _HEIGHT]) - scale * span) / 2

    def placed(points: NDArray[Any]) -> NDArray[Any]:
        at = offset + scale * (points - low)
        at[:, 1] = _HEIGHT - at[:, 1]
        return at

    labels = found.label_set.labels
    at, parts = placed(found.points), []
    for i, label in enumerate(labels):
        marks = []
        for row in np.flatnonzero(found.gold == i):
            mark = f'<use href="#m{i}" x="0" y="0" transform="translate({at[row, 0]:.1f} {at[row, 1]:.1f}) scale(4.4)"'
            words = f"<title>{html_text(f'{label}: {found.texts[row]}', 300)}</title>" if with_text else ""
            marks.append(f"{mark}>{words}</use>" if words else f"{mark}/>")
        parts.append(f'<g class="points {styles[label].css}">{"".join(marks)}</g>')
    centres = placed(found.prototypes)
    named = [str(label)[:_NAME] + "…" * (len(str(label)) > _NAME) for label in labels]
    means = [(float(x), float(y)) for x, y in centres]
    sizes = [(_LETTER * len(name), _LINE) for name in named]
    boxes = place_names(means, sizes, _MARK, (4.0, 4.0, _WIDTH - 4.0, _HEIGHT - 4.0))
    names = []
    for i, label in enumerate(labels):
        (x, y), (left, _, right, bottom) = means[i], boxes[i]
        end = lead_end(means[i], boxes[i])
        parts.append(
            f'<g class="mean {styles[label].css}"><path class="lead" d="M{x:.1f} {y:.1f}L{end[0]:.1f} {end[1]:.1f}"/>'
            f'<use href="#m{i}" transform="translate({x:.1f} {y:.1f}) scale({_MARK:g})"/></g>'
        )
        # In the middle of its room, whatever the font: names stand above all marks.
        names.append(
            f'<g class="mean {styles[label].css}"><text x="{(left + right) / 2:.1f}" y="{bottom - 5:.1f}" '
            f'text-anchor="middle">{html_text(named[i])}</text></g>'
        )
    parts += names
    shapes = "".join(f'<path id="m{i}" d="{marker_path(i)}"/>' for i in range(len(labels)))
    about = f"{len(found.points)} utterances of {len(labels)} labels in the plane, and the mean of each label"
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{about}">'
        f"<defs>{shapes}</defs>{''.join(parts)}</svg>"
    )


def _table(found: EmotionMap, styles: dict[str, Any]) -> str:
    labels = found.label_set.labels
    highest = float(found.distances.max()) or 1.0
    head = "".join(f'<th scope="col">{html_text(label)}</th>' for label in labels)
    body = ""
    for i, label in enumerate(labels):
        cells = "".join(
            "<td>·</td>"
            if i == j
            else f'<td style="--s:{100 * found.distances[i, j] / highest:.0f}%">{found.distances[i, j]:.2f}</td>'
            for j in range(len(labels))
        )
        body += (
            f'<tr><th scope="row">{_mark(i, styles[label].css, 13)} {html_text(label)}</th><td class="n">'
            f'{found.counts[i]:,}</td><td class="n">{100 * found.nearest_share[i]:.1f} %</td>{cells}</tr>'
        )
    return (
        '<div class="scroll card" tabindex="0" role="region" aria-label="Distances between labels"><table><thead><tr>'
        f'<th scope="col">label</th><th scope="col">utterances</th><th scope="col">nearest its own mean</th>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )
