"""A conversation's utterances with their labels, one row each."""

from __future__ import annotations

from collections.abc import Mapping

from erckit.conversation import LabelledConversation, Prediction, Utterance
from erckit.reports.pages.course_chart import clock
from erckit.reports.pages.html_text import html_text
from erckit.reports.palette import LabelStyle

_LONG = 2000  # characters shown of a text before the rest is folded away


def transcript(
    labelled: LabelledConversation,
    styles: Mapping[str, LabelStyle],
    speaker_numbers: Mapping[str, int],
    anchor: str,
) -> str:
    """Ordered list of the utterances: number, speaker, text, label, confidence, and a bar of the three highest scores.

    Args:
        labelled: The conversation.
        styles: Style of every label.
        speaker_numbers: Number of every speaker, which the page's filter goes by.
        anchor: Prefix of the row ids.

    Returns:
        HTML.
    """
    first = labelled.conversation.utterances[0].start
    rows = [
        _row(number, utterance, prediction, styles, speaker_numbers, anchor, first)
        for number, (utterance, prediction) in enumerate(
            zip(labelled.conversation.utterances, labelled.predictions, strict=True), start=1
        )
    ]
    return f'<ol class="said">{"".join(rows)}</ol>'


def _row(
    number: int,
    utterance: Utterance,
    prediction: Prediction,
    styles: Mapping[str, LabelStyle],
    speaker_numbers: Mapping[str, int],
    anchor: str,
    first: float | None,
) -> str:
    ranked = sorted(prediction.scores, key=lambda label: -prediction.scores[label])[:3]
    bar = "".join(
        f'<i class="{styles[label].css}" style="width:{100 * prediction.scores[label]:.1f}%"></i>' for label in ranked
    )
    percent = {label: f"{html_text(label)} {100 * prediction.scores[label]:.0f} %" for label in ranked}
    if prediction.label is None:
        css = "no"
        why = html_text(prediction.reason or "not sure enough")
        verdict = f'<span class="chip no">no label</span><span class="why">{why}</span>'
        others = ", ".join(percent.values())
    else:
        css = styles[prediction.label].css
        verdict = (
            f'<span class="chip {css}">{html_text(prediction.label)}</span>'
            f'<span class="pct">{100 * prediction.confidence:.0f} %</span>'
        )
        others = "then " + ", ".join(percent[label] for label in ranked if label != prediction.label)
    gold = ""
    if utterance.label is not None:
        agrees = utterance.label == prediction.label
        gold = f'<span class="gold">{"✓" if agrees else "✗"} gold {html_text(utterance.label)}</span>'
    time = ""
    if utterance.start is not None and first is not None and utterance.start >= first:
        time = f"<time>{clock(utterance.start - first)}</time>"
    speaker = utterance.speaker if utterance.speaker.strip() else "(no name)"
    return (
        f'<li id="{anchor}u{number}" class="{css}" data-s="{speaker_numbers[utterance.speaker]}" data-l="{css}">'
        f'<a class="nr" href="#{anchor}u{number}">{number}</a><div class="who">'
        f'<b dir="auto">{html_text(speaker, 80)}</b>{time}</div>{_text(utterance.text)}'
        f'<div class="verdict"><div>{verdict}{gold}</div>'
        f'<div class="bar" aria-hidden="true">{bar}</div><small>{others}</small></div></li>'
    )


def _text(text: str) -> str:
    if not text.strip():
        return '<p class="text muted">(no text)</p>'
    if len(text) <= _LONG:
        return f'<p class="text" dir="auto">{html_text(text)}</p>'
    rest = html_text(text[_LONG:])
    return (
        f'<div class="text"><p dir="auto">{html_text(text[:_LONG])}</p><details class="more"><summary>'
        f'{len(text) - _LONG:,} more characters</summary><p dir="auto">{rest}</p></details></div>'
    )
