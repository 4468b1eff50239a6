"""Each speaker's emotional course over a conversation, as inline SVG: one strip per speaker, one mark per utterance."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from erckit.conversation import LabelledConversation, Utterance
from erckit.reports.pages.html_text import html_text
from erckit.reports.palette import LabelStyle

_WIDTH = 872.0  # px of a full-width chart
_WIDEST = 54.0  # px of one utterance's slot
_MANY_SPEAKERS = 12


def course_chart(labelled: LabelledConversation, styles: Mapping[str, LabelStyle], anchor: str) -> str:
    """Names on the left, strips on the right; a mark's height is its confidence, its colour its label.

    Args:
        labelled: The conversation.
        styles: Style of every label.
        anchor: Prefix of the transcript's row ids; a mark links to its row.

    Returns:
        HTML.
    """
    utterances, predictions = labelled.conversation.utterances, labelled.predictions
    speakers = labelled.conversation.speakers
    row_of = {speaker: row for row, speaker in enumerate(speakers)}
    slots, step, timed = _places(utterances)
    tall, code_room = (44.0, 14.0) if len(speakers) <= _MANY_SPEAKERS else (22.0, 0.0)
    row_height = tall + code_room + 8
    body = row_height * len(speakers)
    width = max(max(slots) + step, _WIDTH if timed else 0)
    shows_codes = code_room > 0 and step >= 17
    thick = max(1.0, min(step - (2 if step >= 6 else 0.5 if step > 2 else 0), 30))

    # The lane behind a strip is as high as full confidence, so that a mark's height reads as a share of it.
    lanes = "".join(
        f"M0 {_n(row * row_height + 4)}h{_n(width)}v{_n(tall)}h-{_n(width)}z" for row in range(len(speakers))
    )
    marks = []
    for number, (utterance, prediction) in enumerate(zip(utterances, predictions, strict=True)):
        floor = row_of[utterance.speaker] * row_height + tall + 4
        high = max(4.0, tall * min(1.0, prediction.confidence))
        left = slots[number] + (step - thick) / 2
        name = prediction.label or "no label"
        css = styles[prediction.label].css if prediction.label else "no"
        tip = (
            f"{number + 1} · {html_text(_shown(utterance.speaker), 60)}: {html_text(utterance.text, 140)}\n"
            f"{html_text(name)}, {_confidence(prediction.confidence)}"
        )
        code = ""
        if shows_codes and prediction.label:
            middle = slots[number] + step / 2
            code = f'<text x="{_n(middle)}" y="{_n(floor + 12)}">{html_text(styles[prediction.label].code)}</text>'
        round_corner = ' rx="2"' if thick >= 4 else ""
        marks.append(
            f'<a href="#{anchor}u{number + 1}" tabindex="-1"><rect class="{css}" x="{_n(left)}" y="{_n(floor - high)}" '
            f'width="{_n(thick)}" height="{_n(high)}"{round_corner}><title>{tip}</title></rect>{code}</a>'
        )
    axis = _time_axis(utterances, slots, step, body) if timed else _number_axis(slots, step, body)
    names = "".join(
        f'<div style="height:{_n(row_height)}px;padding-bottom:{_n(code_room)}px" title="{html_text(_shown(s), 200)}">'
        f'<span dir="auto">{html_text(_shown(s), 80)}</span></div>'
        for s in speakers
    )
    spoken = html_text(_in_words(labelled))
    along = "time" if timed else "utterance number"
    return (
        f'<div class="course"><div class="names" aria-hidden="true">{names}<div class="axis">{along}</div></div>'
        f'<div class="strips" tabindex="0" role="region" aria-label="Emotional course, scrolls sideways">'
        f'<svg width="{_n(width)}" height="{_n(body + 22)}" viewBox="0 0 {_n(width)} {_n(body + 22)}" role="img" '
        f'aria-label="{spoken}"><path class="lane" d="{lanes}"/>{"".join(marks)}{axis}</svg></div></div>'
    )


def overview_band(labelled: LabelledConversation, styles: Mapping[str, LabelStyle]) -> str:
    """A thin band of all labels in order, for the line that opens a conversation."""
    count = len(labelled.predictions)
    paths: dict[str, list[str]] = {}
    for i, prediction in enumerate(labelled.predictions):
        if prediction.label:
            paths.setdefault(styles[prediction.label].css, []).append(f"M{i} 0h1v1h-1z")
    drawn = "".join(f'<path class="{css}" d="{"".join(parts)}"/>' for css, parts in paths.items())
    return f'<svg class="band" viewBox="0 0 {count} 1" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'


def clock(seconds: float) -> str:
    """Seconds since the beginning as m:ss or h:mm:ss."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _places(utterances: Sequence[Utterance]) -> tuple[list[float], float, bool]:
    """Left edge of every mark, width of a slot, and whether the axis is time."""
    count = len(utterances)
    step = min(_WIDEST, max(3.0 if count <= 2000 else 2.0, _WIDTH / count))
    starts = [u.start for u in utterances if u.start is not None]
    if len(starts) == count and count > 2 and all(a <= b for a, b in itertools.pairwise(starts)):
        span = starts[-1] - starts[0]
        gaps = sorted(b - a for a, b in itertools.pairwise(starts))
        # A chat with long silences would squeeze all its marks into a few places: then the number says more.
        if span > 0 and gaps[len(gaps) // 10] * 6 * count > span:
            width = max(_WIDTH - _WIDEST, count * step)
            closest = gaps[0] * width / span
            return [(start - starts[0]) / span * width for start in starts], min(step, 32.0, max(5.0, closest)), True
    return [i * step for i in range(count)], step, False


def _number_axis(slots: Sequence[float], step: float, body: float) -> str:
    every = next((n for n in (1, 5, 10, 20, 50, 100, 200, 500) if n * step >= 30), 1000)
    numbers = [1, *range(every, len(slots) + 1, every)] if every > 1 else list(range(1, len(slots) + 1))
    return "".join(f'<text x="{_n(slots[n - 1] + step / 2)}" y="{_n(body + 15)}">{n}</text>' for n in numbers)


def _time_axis(utterances: Sequence[Utterance], slots: Sequence[float], step: float, body: float) -> str:
    first, last = utterances[0].start or 0.0, utterances[-1].start or 0.0
    span, width = last - first, slots[-1]
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
    every = next((s for s in steps if s * width / span >= 64), 604800)
    ticks = [i * every for i in range(int(span // every) + 1)]
    return "".join(
        f'<text x="{_n(max(12.0, t * width / span + step / 2))}" y="{_n(body + 15)}">{clock(t)}</text>' for t in ticks
    )


def _in_words(labelled: LabelledConversation) -> str:
    counts: dict[str, Counter[str]] = {}
    for utterance, prediction in zip(labelled.conversation.utterances, labelled.predictions, strict=True):
        counts.setdefault(utterance.speaker, Counter())[prediction.label or "no label"] += 1
    parts = [
        f"{_shown(speaker)}: " + ", ".join(f"{label} {n}" for label, n in labels.most_common(3))
        for speaker, labels in list(counts.items())[:20]
    ]
    return f"Emotional course over {len(labelled.predictions)} utterances. " + "; ".join(parts)


def _shown(speaker: str) -> str:
    return speaker if speaker.strip() else "(no name)"


def _confidence(value: float) -> str:
    return f"{100 * value:.0f} %"


def _n(value: float) -> str:
    """Short number."""
    return f"{value:.1f}".removesuffix(".0")
