"""One self-contained HTML file that shows labelled conversations: who felt what, when, and how sure the model is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from erckit.conversation import LabelledConversation
from erckit.errors import ErckitError
from erckit.reports.pages.course_chart import course_chart, overview_band
from erckit.reports.pages.html_page import html_page
from erckit.reports.pages.html_text import html_text
from erckit.reports.pages.page_style import SCRIPT, style_sheet
from erckit.reports.pages.speaker_summary import speaker_summary
from erckit.reports.pages.transcript import transcript
from erckit.reports.palette import LabelStyle, label_styles

_OPEN_AT_FIRST, _OPEN_UTTERANCES = 3, 300
_STICKY_LABELS = 10


def write_report(
    labelled: Sequence[LabelledConversation],
    path: str | Path,
    *,
    title: str = "Emotions in conversation",
    model_line: str = "",
) -> Path:
    """Write labelled conversations as a page that opens from disk, without network, with or without scripts.

    The page shows a summary per speaker, every conversation's emotional course as a strip per speaker, and the
    transcripts with labels, confidence and the highest scores. The same input gives the same bytes.

    Args:
        labelled: At least one conversation.
        path: HTML file; replaced at once or not at all.
        title: Heading of the page.
        model_line: Which model labelled, and its score with its protocol; shown below the heading.

    Returns:
        The path.

    Raises:
        ErckitError: No conversation.
    """
    from erckit.storage.atomic import write_text

    return write_text(path, report_html(labelled, title=title, model_line=model_line))


def report_html(
    labelled: Sequence[LabelledConversation], *, title: str = "Emotions in conversation", model_line: str = ""
) -> str:
    """The page of :func:`write_report` as text."""
    if not labelled:
        raise ErckitError("there is no conversation to report; label at least one.")
    labels = list(dict.fromkeys(label for one in labelled for p in one.predictions for label in p.scores))
    styles = label_styles(labels)
    speakers: dict[str, int] = {}
    for one in labelled:
        for utterance in one.conversation.utterances:
            speakers.setdefault(utterance.speaker, len(speakers))
    talks, before = [], 0
    for number, one in enumerate(labelled, start=1):
        before += len(one.predictions)
        is_open = number == 1 or (number <= _OPEN_AT_FIRST and before <= _OPEN_UTTERANCES)
        talks.append(_conversation(number, one, styles, speakers, is_open))
    body = (
        f"{_header(labelled, speakers, title, model_line)}\n<main>\n{_tools(labelled, styles, speakers)}\n"
        f'<h2 id="speakers">Speakers</h2>\n<div class="card">{speaker_summary(labelled, styles)}</div>\n'
        f'<h2 id="conversations">{"Conversation" if len(labelled) == 1 else "Conversations"}</h2>\n{"".join(talks)}\n'
        f"</main>\n{_FOOTER}"
    )
    return html_page(title, style_sheet(styles.values()), SCRIPT, body)


_FOOTER = (
    "<footer><p><b>How to read this.</b> Every mark is one utterance: its colour and two letters are the label, its "
    "height is the confidence, the score of the highest label. A dashed mark is an utterance where the model was "
    "not sure enough to give a label. Click a mark to go to the utterance.</p><p>Labels are a model's reading of "
    "written words. They are often wrong, and they are not what a person felt; do not decide about people by them."
    "</p></footer>"
)


def _header(labelled: Sequence[LabelledConversation], speakers: Mapping[str, int], title: str, model_line: str) -> str:
    predictions = [p for one in labelled for p in one.predictions]
    abstained = sum(p.label is None for p in predictions)
    calibrated = sum(p.calibrated for p in predictions)
    facts = [
        (len(labelled), "conversation", "conversations"),
        (len(predictions), "utterance", "utterances"),
        (len(speakers), "speaker", "speakers"),
    ]
    listed = "".join(f"<li><b>{n:,}</b>{one if n == 1 else many}</li>" for n, one, many in facts)
    if abstained:
        listed += f"<li><b>{abstained:,}</b>without a label</li>"
    if calibrated == len(predictions):
        state = (
            "<b>Scores are calibrated</b> on held-out data: on texts like it, 60 % should be right about 6 times in 10."
        )
    elif calibrated:
        state = f"<b>Scores are partly calibrated</b>: {calibrated:,} of {len(predictions):,} utterances."
    else:
        state = "<b>Scores are not calibrated</b>: they rank labels, they are not probabilities."
    model = f'<p class="model">{html_text(model_line)}</p>' if model_line else ""
    return (
        f'<header><h1 dir="auto">{html_text(title)}</h1>{model}<ul class="facts">{listed}</ul>'
        f'<p class="state">{state}</p></header>'
    )


def _tools(
    labelled: Sequence[LabelledConversation], styles: Mapping[str, LabelStyle], speakers: Mapping[str, int]
) -> str:
    legend = "".join(
        f'<li><i class="{style.css}"></i>{html_text(style.label)} <abbr>{html_text(style.code)}</abbr></li>'
        for style in styles.values()
    )
    abstained = any(p.label is None for one in labelled for p in one.predictions)
    if abstained:
        legend += '<li><i class="no"></i>no label</li>'
    who = "".join(
        f'<option value="{n}">{html_text(s if s.strip() else "(no name)", 40)}</option>' for s, n in speakers.items()
    )
    what = "".join(f'<option value="{style.css}">{html_text(style.label)}</option>' for style in styles.values())
    if abstained:
        what += '<option value="no">no label</option>'
    every = '<button type="button" id="all">Open all</button>' if len(labelled) > 1 else ""
    long = " long" if len(styles) > _STICKY_LABELS else ""
    return (
        f'<div class="tools{long}"><ul class="legend" aria-label="Legend">{legend}</ul><div class="filters" hidden>'
        f'<select id="who" aria-label="Show utterances of"><option value="">All speakers</option>{who}</select>'
        f'<select id="what" aria-label="Show utterances labelled"><option value="">All labels</option>{what}</select>'
        f"{every}</div></div>"
    )


def _conversation(
    number: int,
    labelled: LabelledConversation,
    styles: Mapping[str, LabelStyle],
    speakers: Mapping[str, int],
    is_open: bool,
) -> str:
    utterances = len(labelled.predictions)
    people = len(labelled.conversation.speakers)
    counted = f"{utterances:,} utterance{'s' * (utterances != 1)} · {people} speaker{'s' * (people != 1)}"
    anchor = f"c{number}"
    return (
        f'<details class="talk card" id="{anchor}"{" open" if is_open else ""}><summary><h3 dir="auto">'
        f"{html_text(labelled.conversation.id, 100)}</h3><small>{counted}</small>{overview_band(labelled, styles)}"
        f"</summary>{course_chart(labelled, styles, anchor)}{transcript(labelled, styles, speakers, anchor)}"
        "</details>\n"
    )
