"""``erckit train``: a recipe in, a model folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say
from erckit.cli.warn_overlap import warn_overlap

app = command_app()


@app.command("train")
def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or a packaged one such as emonet/emorynlp.")
    ],
    corpus: options.OtherCorpus = None,
    source: options.Source = None,
    map_to: options.MapFirst = None,
    backbone: Annotated[
        str | None, typer.Option("--backbone", metavar="NAME", help="Another backbone than the recipe's.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", min=0, help="Seed of all randomness.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for checkpoints, metrics and the model.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say tokens, steps, memory and minutes, and train nothing.")
    ] = False,
    no_resume: Annotated[
        bool, typer.Option("--no-resume", help="Refuse a folder that holds a training already.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a model from a recipe. An interrupted training resumes when the same command runs again."""
    if out is None and not dry_run:
        raise typer.BadParameter("name the folder for checkpoints and the model, or use --dry-run.", param_hint="--out")
    if out is not None and out.exists() and not out.is_dir():
        raise typer.BadParameter(f"'{out}' is a file. Name a folder.", param_hint="--out")
    from erckit.cli.evaluating.baselines import refuse_to_train
    from erckit.recipe.load_recipe import load_recipe
    from erckit.recipe.recipe_corpus import recipe_corpus

    refuse_to_train(recipe)
    loaded = load_recipe(recipe, settings or [], corpus=corpus, backbone=backbone, seed=seed, mapping=map_to)
    data = recipe_corpus(loaded, source)
    warn_overlap(data)
    if dry_run:
        from erckit.training.run import dry_run as estimate

        print("\n".join(estimate(loaded, data).lines()))
        return
    assert out is not None
    from erckit.training.run import train as run_training

    model = run_training(loaded, data, out, quiet=quiet, resume=not no_resume)
    print(model)
    mapped = f" --map {loaded.map}" if loaded.map else ""
    say(f"score it: erckit evaluate {model} --corpus {loaded.corpus}{mapped} --split test", quiet)
