"""Who spoke, and how: one table row per speaker over all conversations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from erckit.conversation import LabelledConversation, Prediction, Utterance
from erckit.reports.pages.html_text import html_text
from erckit.reports.palette import NEUTRAL_NAMES, LabelStyle

_SHOWN = 8


def speaker_summary(labelled: Sequence[LabelledConversation], styles: Mapping[str, LabelStyle]) -> str:
    """Utterances, shares of labels, and the most confident utterance of every speaker.

    The most confident utterance is looked for among those that are not neutral, which are the telling ones; a
    speaker who was only ever neutral gets a neutral one.

    Returns:
        HTML; speakers by number of utterances, those after the eighth folded away.
    """
    spoken: dict[str, list[tuple[Utterance, Prediction, str]]] = {}
    for number, one in enumerate(labelled, start=1):
        for place, pair in enumerate(zip(one.conversation.utterances, one.predictions, strict=True), start=1):
            spoken.setdefault(pair[0].speaker, []).append((*pair, f"c{number}u{place}"))
    order = sorted(spoken, key=lambda speaker: -len(spoken[speaker]))
    rows = [_row(speaker, spoken[speaker], styles) for speaker in order]
    shown, folded = rows[:_SHOWN], rows[_SHOWN:]
    if len(folded) <= 2:
        shown, folded = rows, []
    more = (
        f'<details class="more"><summary>{len(folded)} more speakers</summary>{_table(folded)}</details>'
        if folded
        else ""
    )
    return _table(shown) + more


def _table(rows: Sequence[str]) -> str:
    return (
        '<table class="speakers"><thead><tr><th scope="col">Speaker</th><th scope="col">Labels</th>'
        '<th scope="col">Most confident utterance</th></tr></thead><tbody>' + "".join(rows) + "</tbody></table>"
    )


def _row(speaker: str, said: Sequence[tuple[Utterance, Prediction, str]], styles: Mapping[str, LabelStyle]) -> str:
    counts = Counter(prediction.label for _, prediction, _ in said)
    total = len(said)
    order = [label for label in (*styles, None) if counts[label]]
    segments = "".join(
        f'<i class="{styles[label].css if label else "no"}" style="flex-grow:{counts[label]}" '
        f'title="{html_text(label or "no label")}: {counts[label]} of {total}"></i>'
        for label in order
    )
    by_share = sorted(order, key=lambda label: -counts[label])
    words = [f"{html_text(label or 'no label')} {100 * counts[label] / total:.0f} %" for label in by_share]
    told = " · ".join(words[:3]) + (f" · {len(words) - 3} more" if len(words) > 3 else "")
    noun = "utterance" if total == 1 else "utterances"
    return (
        f'<tr><th scope="row"><span dir="auto">{html_text(speaker if speaker.strip() else "(no name)", 80)}</span>'
        f"<small>{total:,} {noun}</small></th>"
        f'<td><div class="share" role="img" aria-label="{", ".join(words)}">{segments}</div><small>{told}</small></td>'
        f"<td>{_quote(said, styles)}</td></tr>"
    )


def _quote(said: Sequence[tuple[Utterance, Prediction, str]], styles: Mapping[str, LabelStyle]) -> str:
    sure = [entry for entry in said if entry[1].label is not None]
    telling = [entry for entry in sure if (entry[1].label or "").lower() not in NEUTRAL_NAMES]
    if not sure:
        return '<span class="muted">none: the model gave no label</span>'
    utterance, prediction, anchor = max(telling or sure, key=lambda entry: entry[1].confidence)
    label = prediction.label or ""
    return (
        f'<a class="quote" href="#{anchor}"><q dir="auto">{html_text(utterance.text, 160)}</q></a> '
        f'<span class="call"><span class="chip {styles[label].css}">{html_text(label)}</span> '
        f'<span class="pct">{100 * prediction.confidence:.0f} %</span></span>'
    )
