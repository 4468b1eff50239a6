"""``erckit evaluate``: the scores of a model, or of a recipe over several seeds, with their protocol."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from erckit.cli import options as shared
from erckit.cli.command_group import command_app
from erckit.cli.evaluating import answer_options as options
from erckit.cli.evaluating import baselines
from erckit.cli.say import say
from erckit.encoding.precision import PRECISIONS

app = command_app()


@app.command("evaluate")
def evaluate(
    model_or_recipe: Annotated[
        str,
        typer.Argument(
            metavar="MODEL_OR_RECIPE",
            help="Model folder, bundled model, recipe file or packaged recipe; baseline/majority, baseline/chance, "
            "baseline/tfidf, baseline/tfidf_context; hf:NAME, a text-classification model of the hub or in a folder.",
        ),
    ],
    corpus: Annotated[
        str | None, typer.Option("--corpus", metavar="NAME", help="Corpus to score on; a recipe names its own.")
    ] = None,
    source: shared.Source = None,
    map_to: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="NAME_OR_FILE",
            help="Map labels to ekman, unified, polarity or those of a JSON file, and score the shared ones.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="A,B,...",
            help="With --map: score only these of the shared labels. With --few-shot: draw labels from these.",
        ),
    ] = None,
    split: shared.Split = "test",
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result file.")] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Write the confusion matrix as a picture.")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            metavar="N",
            min=1,
            help="With a recipe or baseline: train and score the seeds 1 to N, else its own. With the forced "
            "choice: draw with the seeds 1 to N, 10 if left out.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="With a recipe or baseline: folder for its runs.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="With a recipe: change one value. With an LLM model: change its prompts (style....). May be repeated.",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            "--backbone",
            metavar="NAME",
            help="With a recipe: another backbone. With --few-shot: the frozen one beside the model.",
        ),
    ] = None,
    scorer: Annotated[
        str,
        typer.Option(
            "--scorer",
            metavar="head|prototypes|neighbours",
            help="With a model: labels from its head, or by distance to the train split of the corpus.",
        ),
    ] = "head",
    few_shot: Annotated[
        str | None,
        typer.Option(
            "--few-shot",
            metavar="NwayKshot",
            help="With a model: episodes such as 5way-5shot, beside its frozen backbone.",
        ),
    ] = None,
    episodes: Annotated[
        int | None, typer.Option("--episodes", metavar="N", min=2, help="With --few-shot: how many; 600 if left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="With --few-shot: seed of the draws.")
    ] = None,
    forced_choice: Annotated[
        bool,
        typer.Option(
            "--forced-choice", help="With a model: SentEmoContext's published protocol, which is no classification."
        ),
    ] = False,
    answers: options.Answers = None,
    parsing: options.Parsing = None,
    answer_tokens: options.AnswerTokens = None,
    engine: options.Engine = None,
    engine_model: options.EngineModel = None,
    engine_tokens: options.EngineTokens = None,
    engine_seconds: options.EngineSeconds = None,
    engine_timeout: options.EngineTimeout = None,
    precision: Annotated[
        str, typer.Option("--precision", metavar="|".join(PRECISIONS), help="With a model: its arithmetic.")
    ] = "auto",
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="With hf:NAME: score it on a corpus it is known to be trained on.")
    ] = False,
    draws: Annotated[
        int | None,
        typer.Option("--draws", metavar="N", min=100, help="Bootstrap draws of the 95 % interval; 2000 if left out."),
    ] = None,
    quiet: shared.Quiet = False,
) -> None:
    """Score a model on a split of a corpus, or train and score a recipe or baseline over several seeds.

    The protocol is printed with the scores. A recipe's finished seeds are kept: the same command resumes. With
    --answers generate or --engine nothing is trained: an LLM system's prompts are answered with words.
    """
    from erckit.cli.choose import choose
    from erckit.cli.evaluating import vector_space as space
    from erckit.cli.evaluating.request import EvaluateRequest, read_labels
    from erckit.cli.evaluating.subject import subject_of

    choose("--precision", precision, PRECISIONS)
    _check_places(json, png)
    choose("--scorer", scorer, space.SCORERS)
    generated = options.answer_settings(
        answers, parsing, answer_tokens, engine, engine_model, engine_tokens, engine_seconds, engine_timeout
    )
    split, forced_choice = space.published_split(split, forced_choice)
    request = EvaluateRequest(
        model_or_recipe, corpus, source, map_to, None, split, seeds, out, tuple(settings or ()), backbone, scorer,
        few_shot, episodes, seed, forced_choice, generated, precision, allow_seen, png, draws, quiet,
    )  # fmt: skip
    subject = subject_of(request)
    draws_labels = few_shot is not None or forced_choice
    if few_shot is None:
        request.refuse("this; it is for --few-shot", "episodes", "seed")
    request = replace(request, labels=read_labels(labels, map_to, draws_labels))
    if draws_labels:
        space_result, text = space.score_space(request)
        if json is not None:
            space_result.save(json)
        print(text)
    else:
        if allow_seen and not baselines.is_text_classifier(model_or_recipe):
            raise typer.BadParameter("is for hf:NAME.", param_hint="--allow-seen")
        result = subject.score(request)
        # Files first: whoever reads the output may leave before its end.
        if json is not None:
            result.save(json)
        from erckit.evaluation.results.summary import format_result

        print(format_result(result))
    if json is not None:
        say(f"wrote {json}", quiet)
    if png is not None:
        from erckit.reports.figures.confusion import save_confusion_png

        save_confusion_png(result, png)
        say(f"wrote {png}", quiet)


def _check_places(json: Path | None, png: Path | None) -> None:
    """Refuse places where the result cannot be written, before anything is scored."""
    from erckit.cli.label_outputs import check_place

    outputs: list[Path] = []
    for option, path in (("--json", json), ("--png", png)):
        if path is not None:
            check_place(path, option, outputs)
            outputs.append(path)
