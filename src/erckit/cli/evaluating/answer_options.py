"""Options of the commands that can let an LLM system write its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli.choose import choose
from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.labelling import Labeler
    from erckit.prompting.answers.answer_settings import AnswerSettings

Answers = Annotated[
    str | None,
    typer.Option(
        "--answers",
        metavar="scores|generate",
        help="With an LLM system: score its labels, or let it write a word and read a label in that.",
    ),
]
Parsing = Annotated[
    str | None,
    typer.Option(
        "--parsing",
        metavar="exact|contained|nearest",
        help="With generated answers: the answer is a label (exact, if left out), has one in it, or is made the most "
        "similar one.",
    ),
]
AnswerTokens = Annotated[
    int | None,
    typer.Option("--answer-tokens", metavar="N", min=1, help="With generated answers: their length; 16 if left out."),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="URL",
        help="An OpenAI-compatible server generates the answers: http://localhost:8000/v1. Its key: "
        "ERCKIT_ENDPOINT_KEY.",
    ),
]
EngineModel = Annotated[
    str | None, typer.Option("--engine-model", metavar="NAME", help="With --engine: the model on that server.")
]
EngineTokens = Annotated[
    int | None, typer.Option("--engine-tokens", metavar="N", min=1, help="With --engine: most tokens to spend.")
]
EngineSeconds = Annotated[
    float | None, typer.Option("--engine-seconds", metavar="S", min=0.1, help="With --engine: most seconds to spend.")
]
EngineTimeout = Annotated[
    float | None,
    typer.Option("--engine-timeout", metavar="S", min=0.1, help="With --engine: seconds of one try, of four; 60."),
]


def answer_settings(
    answers: str | None,
    parsing: str | None,
    answer_tokens: int | None,
    engine: str | None,
    engine_model: str | None,
    engine_tokens: int | None,
    engine_seconds: float | None,
    engine_timeout: float | None,
) -> AnswerSettings | None:
    """What the options ask for; None where labels are scored as always. Options that do not fit are usage errors."""
    from erckit.prompting.answers.answer_settings import ANSWERS, PARSINGS, AnswerSettings

    if answers is not None:
        choose("--answers", answers, ANSWERS)
    if parsing is not None:
        choose("--parsing", parsing, PARSINGS)
    for option, value in (
        ("--engine-model", engine_model),
        ("--engine-tokens", engine_tokens),
        ("--engine-seconds", engine_seconds),
        ("--engine-timeout", engine_timeout),
    ):
        if value is not None and engine is None:
            raise typer.BadParameter("goes with --engine, the address of a server.", param_hint=option)
    if engine is not None:
        if answers == "scores":
            raise typer.BadParameter(
                "takes what a server writes; a server gives no scores. Leave out --answers scores.",
                param_hint="--engine",
            )
        if not engine_model:
            raise typer.BadParameter("name the model on the server.", param_hint="--engine-model")
    elif answers != "generate":
        for option, given in (("--parsing", parsing), ("--answer-tokens", answer_tokens)):
            if given is not None:
                raise typer.BadParameter("goes with --answers generate.", param_hint=option)
        return None
    return AnswerSettings(
        parsing=parsing or "exact",
        max_tokens=answer_tokens or 16,
        url=engine or "",
        model=engine_model or "",
        spend=engine_tokens or 0,
        seconds=engine_seconds or 0.0,
        timeout=engine_timeout or 60.0,
    )


def tell_engine(settings: AnswerSettings, name: str, quiet: bool) -> None:
    """Say before anything is asked who answers, and what does not get there."""
    if settings.url:
        from erckit.prompting.engines.http_post import checked_address

        host = checked_address(settings.url).hostname
        say(
            f"{settings.model} at {host} answers the prompts of {name}: what was said is sent there, trained adapters "
            "are not",
            quiet,
        )


def tell_unparsed(labeler: Labeler, quiet: bool) -> None:
    """Say how many answers named no label, and what they were; told even when quiet, as those utterances get none.

    Nothing is said of a labeler that scores labels.
    """
    read = labeler.answers_read
    if read is None:
        return
    from collections import Counter

    from erckit.labelling.scored_predictions import quoted_answer

    unparsed = read.unparsed
    line = f"answers that name no label: {len(unparsed):,} of {len(read.texts):,} ({100 * read.unparsed_rate:.2f} %)"
    if unparsed:
        frequent = Counter(map(quoted_answer, unparsed)).most_common(3)
        line += "; the most frequent: " + ", ".join(f"{text} ({count:,})" for text, count in frequent)
    if read.inexact_rate > read.unparsed_rate:
        line += f"; made or found in a longer one: {100 * (read.inexact_rate - read.unparsed_rate):.2f} %"
    say(line, quiet and not unparsed)
