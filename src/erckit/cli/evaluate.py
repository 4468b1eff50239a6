"""``erckit evaluate``: the scores of a model, or of a recipe over several seeds, with their protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from erckit.cli.command_group import command_app
from erckit.cli.evaluating import answer_options as options
from erckit.cli.evaluating.answering import style_changes, with_style
from erckit.cli.evaluating.subject import is_recipe
from erckit.cli.say import say
from erckit.cli.warn_overlap import warn_overlap

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.evaluation.results.result import Result
    from erckit.prompting.answers.answer_settings import AnswerSettings
    from erckit.recipe.recipe import Recipe

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
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Folder that holds the corpus files.")
    ] = None,
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
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="Split to score on.")] = "test",
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
        str, typer.Option("--precision", metavar="auto|fp32|bf16", help="With a model: its arithmetic.")
    ] = "auto",
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="With hf:NAME: score it on a corpus it is known to be trained on.")
    ] = False,
    draws: Annotated[
        int | None,
        typer.Option("--draws", metavar="N", min=100, help="Bootstrap draws of the 95 % interval; 2000 if left out."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Score a model on a split of a corpus, or train and score a recipe or baseline over several seeds.

    The protocol is printed with the scores. A recipe's finished seeds are kept: the same command resumes. With
    --answers generate or --engine nothing is trained: an LLM system's prompts are answered with words.
    """
    from erckit.cli.choose import choose

    choose("--precision", precision, ("auto", "fp32", "bf16"))
    outputs: list[Path] = []
    for option, path in (("--json", json), ("--png", png)):
        if path is not None:
            from erckit.cli.label_outputs import check_place

            check_place(path, option, outputs)
            outputs.append(path)
    from erckit.cli.evaluating import baselines
    from erckit.cli.evaluating import vector_space as space

    choose("--scorer", scorer, space.SCORERS)
    generated = options.answer_settings(
        answers, parsing, answer_tokens, engine, engine_model, engine_tokens, engine_seconds, engine_timeout
    )
    split, forced_choice = space.published_split(split, forced_choice)
    is_model = not (
        baselines.is_text_classifier(model_or_recipe)
        or baselines.is_baseline(model_or_recipe)
        or is_recipe(model_or_recipe)
    )
    if generated is not None:
        if baselines.is_text_classifier(model_or_recipe) or baselines.is_baseline(model_or_recipe):
            raise typer.BadParameter("goes with an LLM system.", param_hint="--engine" if engine else "--answers")
        _refuse_options(
            "generated answers", few_shot=few_shot, forced_choice=forced_choice, scorer=scorer != "head", seeds=seeds,
            out=out,
        )  # fmt: skip
    if not is_model:
        by_distance = scorer if scorer != "head" else None
        _refuse_options(
            "this; it needs a trained model", few_shot=few_shot, forced_choice=forced_choice, scorer=by_distance
        )
    if scorer != "head" and split == "train":
        raise typer.BadParameter(
            f"the {scorer} are made from the train split, so its utterances would be scored against themselves. "
            "Name another split, such as dev or test.",
            param_hint="--split",
        )
    if few_shot is None:
        _refuse_options("this; it is for --few-shot", episodes=episodes, seed=seed)
    only = _labels(labels, map_to, few_shot is not None or forced_choice)
    if few_shot is not None or forced_choice:
        if few_shot is not None and forced_choice:
            raise typer.BadParameter("does not go with the forced choice.", param_hint="--few-shot")
        kind = "few-shot episodes" if few_shot is not None else "the forced choice"
        _refuse_options(
            kind, png=png, out=out, set=settings, scorer=scorer != "head", draws=draws, allow_seen=allow_seen
        )
        found, text = space.score_space(
            model_or_recipe,
            corpus,
            source,
            map_to,
            split,
            few_shot=few_shot,
            labels=only or (),
            episodes=episodes,
            seed=seed,
            seeds=seeds,
            backbone=backbone,
            precision=precision,
            quiet=quiet,
        )
        if json is not None:
            found.save(json)
        print(text)
        if json is not None:
            say(f"wrote {json}", quiet)
        return
    draws = 2000 if draws is None else draws
    if allow_seen and not baselines.is_text_classifier(model_or_recipe):
        raise typer.BadParameter("is for hf:NAME.", param_hint="--allow-seen")
    if generated is not None and is_recipe(model_or_recipe):
        _refuse_options("a recipe", labels=labels)
        result = _evaluate_prompts(
            model_or_recipe, settings or [], corpus, map_to, backbone, source, split, generated, precision, draws, quiet
        )
    elif baselines.is_text_classifier(model_or_recipe):
        _refuse_options("a model somebody else trained", seeds=seeds, out=out, set=settings, backbone=backbone)
        result = baselines.score_text_classifier(
            model_or_recipe, corpus, source, map_to, only, split, allow_seen, precision, draws, quiet
        )
    elif baselines.is_baseline(model_or_recipe):
        _refuse_options("a baseline", set=settings, backbone=backbone, precision=precision != "auto")
        result = baselines.score_baseline(
            model_or_recipe, corpus, source, map_to, only, split, seeds, out, draws, quiet
        )
    elif is_recipe(model_or_recipe):
        # Its runs are kept with all their labels.
        _refuse_options("a recipe; score the models that it trains (OUT/seed-1/model)", labels=labels)
        if out is None:
            raise typer.BadParameter("name the folder for the trainings of this recipe.", param_hint="--out")
        if precision != "auto":
            raise typer.BadParameter(
                "is for trained models. Use --set training.precision=... with a recipe.", param_hint="--precision"
            )
        recipe, data = _load_recipe(model_or_recipe, settings or [], corpus, map_to, backbone, source)
        warn_overlap(data, split)
        from erckit.evaluation.run.seeds import evaluate_recipe

        chosen = [recipe.training.seed] if seeds is None else range(1, seeds + 1)
        result = evaluate_recipe(recipe, data, split, chosen, out, draws=draws, quiet=quiet)
    else:
        _refuse_options("a trained model", seeds=seeds, out=out, backbone=backbone)
        changes = style_changes(settings or [])
        result = _evaluate_model(
            model_or_recipe, changes, corpus, source, map_to, only, split, scorer, generated, precision, draws, quiet
        )
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


def _labels(labels: str | None, map_to: str | None, draws_them: bool) -> tuple[str, ...] | None:
    """The labels that ``--labels`` names; episodes draw them, else they are those that are left of a mapping."""
    if labels is None:
        return None
    if map_to is None and not draws_them:
        raise typer.BadParameter("goes with --map, which says what labels there are.", param_hint="--labels")
    names = tuple(label.strip() for label in labels.split(",") if label.strip())
    if not names:
        raise typer.BadParameter(f"'{labels}' names no label. Write for example joy,anger.", param_hint="--labels")
    return names


def _refuse_options(kind: str, **options: object) -> None:
    """Refuse those that were given; 0 and an empty text are values, too."""
    for option, value in options.items():
        if not (value is None or value is False or value == []):
            raise typer.BadParameter(f"does not go with {kind}.", param_hint=f"--{option.replace('_', '-')}")


def _evaluate_model(
    name: str,
    changes: dict[str, Any],
    corpus: str | None,
    source: Path | None,
    map_to: str | None,
    labels: tuple[str, ...] | None,
    split: str,
    scorer: str,
    answers: AnswerSettings | None,
    precision: str,
    draws: int,
    quiet: bool,
) -> Result:
    from erckit.cli.evaluating.answering import open_answering
    from erckit.cli.evaluating.vector_space import with_scorer
    from erckit.corpora import load_corpus
    from erckit.corpora.mappings.mappings import find_target
    from erckit.corpora.mixture import without_conversations
    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.labelling import Labeler
    from erckit.progress import Progress

    if map_to is not None:
        find_target(map_to)  # a mistyped name should be told before a model is loaded
    # The corpus first: that it is missing should be told before a model is fetched and loaded.
    data = load_corpus(corpus, folder=source) if corpus is not None else None
    labeler: Labeler
    if answers is not None:
        labeler = open_answering(name, answers, precision, quiet, keeps_vectors=True)
    else:
        labeler = Labeler.from_pretrained(name, precision=precision, keeps_vectors=True)
    if changes:
        labeler = with_style(labeler, changes)
    if data is None:
        if getattr(labeler, "scoring", None) is not None:
            raise typer.BadParameter(
                "an adapted model has labels of its own; name a corpus that has them.", param_hint="--corpus"
            )
        own = labeler.settings.get("corpus")
        if own is None:
            raise typer.BadParameter("this model does not say its corpus; name one.", param_hint="--corpus")
        # Scored as it was trained, unless other labels are asked for.
        data = load_corpus(str(own), folder=source, map=str(labeler.settings.get("map") or ""))
        data = without_conversations(data, labeler.settings.get("leave_out") or ())
    warn_overlap(data, split)
    labeler = with_scorer(labeler, scorer, data, quiet)
    with Progress(None, "Scoring" if answers is None else "Answering", quiet=quiet) as bar:
        result = evaluate_model(labeler, data, split, draws=draws, report=bar.advance, map_to=map_to, labels=labels)
    options.tell_unparsed(labeler, quiet)
    return result


def _evaluate_prompts(
    name: str,
    changes: list[str],
    corpus: str | None,
    map_to: str | None,
    backbone: str | None,
    source: Path | None,
    split: str,
    answers: AnswerSettings,
    precision: str,
    draws: int,
    quiet: bool,
) -> Result:
    """A recipe's prompts answered with words; nothing is trained."""
    from erckit.cli.evaluating.answering import open_answering_recipe
    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.progress import Progress

    labeler, data = open_answering_recipe(
        name, answers, precision, quiet, changes=changes, corpus=corpus, source=source, map_to=map_to,
        backbone=backbone, keeps_vectors=True,
    )  # fmt: skip
    with Progress(None, "Answering", quiet=quiet) as bar:
        result = evaluate_model(labeler, data, split, draws=draws, report=bar.advance)
    options.tell_unparsed(labeler, quiet)
    return result


def _load_recipe(
    name: str,
    settings: list[str],
    corpus: str | None,
    mapping: str | None,
    backbone: str | None,
    source: Path | None,
) -> tuple[Recipe, Corpus]:
    from erckit.recipe.recipe import load_recipe
    from erckit.recipe.recipe_corpus import recipe_corpus

    recipe = load_recipe(name, settings, corpus=corpus, backbone=backbone, mapping=mapping)
    return recipe, recipe_corpus(recipe, source)
