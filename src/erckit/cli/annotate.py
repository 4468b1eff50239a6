"""``erckit annotate``: biographies of speakers, or what lies behind utterances, written once and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say
from erckit.encoding.precision import PRECISIONS

if TYPE_CHECKING:
    from erckit.conversation import Conversation

app = command_app()

_ENGINE = "extract (quotes, no model), local (a language model here), endpoint (any OpenAI-compatible server), file."
_MODELS = ("local", "endpoint")
# Parameter -> engines that read it.
_OF_ENGINES = {
    "model": _MODELS,
    "precision": ("local",),
    "url": ("endpoint",),
    "key_variable": ("endpoint",),
    "timeout": ("endpoint",),
    "file": ("file",),
    "words": _MODELS,
    "every": ("extract", *_MODELS),
    "per_conversation": ("extract", *_MODELS),
    **dict.fromkeys(("max_tokens", "max_seconds", "tries", "parallel", "cache"), _MODELS),
}
_OF_BIOGRAPHIES = ("whole_conversation", "per_conversation", "every", "words")
_OF_CAUSAL = ("per_conversation", "every")


@app.command("annotate")
def annotate(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A corpus name, or a file of conversations.")],
    what: Annotated[
        str, typer.Option("--what", metavar="biographies|characteristics", help="What is written.")
    ] = "biographies",
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help=f"Who writes: {_ENGINE}")] = "extract",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.jsonl", help="Write them here, one row an utterance.")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option("--split", metavar="NAME", help="Of a corpus; repeat for more. All if left out.")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="For local and endpoint: which language model.")
    ] = "",
    precision: Annotated[
        str, typer.Option("--precision", metavar="P", help="Of a local model: fp32 (as recipes ask it), bf16 or auto.")
    ] = "fp32",
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Of the endpoint: http://localhost:8000/v1.")] = "",
    key_variable: Annotated[
        str, typer.Option("--key-variable", metavar="NAME", help="Environment variable with the endpoint's key.")
    ] = "ERCKIT_ENDPOINT_KEY",
    file: Annotated[
        str, typer.Option("--file", metavar="FILE.jsonl", help="For the engine file: ready annotations to check.")
    ] = "",
    element: Annotated[
        list[str] | None,
        typer.Option("--element", metavar="NAME", help="ATOMIC element, repeat for more; oReact and xIntent else."),
    ] = None,
    whole_conversation: Annotated[
        bool, typer.Option("--whole-conversation", help="Biographies from the whole conversation: not causal.")
    ] = False,
    per_conversation: Annotated[
        bool, typer.Option("--per-conversation", help="Biographies start anew in every conversation.")
    ] = False,
    every: Annotated[
        int, typer.Option("--every", metavar="N", min=1, help="Rewrite a biography after N utterances.")
    ] = 10,
    words: Annotated[int, typer.Option("--words", metavar="N", min=1, help="Longest biography.")] = 60,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="N", min=0, help="Most tokens to spend, 0 for no limit.")
    ] = 0,
    max_seconds: Annotated[
        float, typer.Option("--max-seconds", metavar="S", min=0, help="Most seconds to spend, 0 for no limit.")
    ] = 0.0,
    tries: Annotated[int, typer.Option("--tries", metavar="N", min=1, help="Times a request is tried.")] = 4,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds of one try at an endpoint.")
    ] = 60.0,
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="N", min=1, help="Requests under way at the same time.")
    ] = 4,
    cache: Annotated[Path | None, typer.Option("--cache", metavar="FILE.jsonl", help="Where answers are kept.")] = None,
    data: options.Source = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count requests and estimate tokens.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Write biographies of speakers, or characteristics of utterances, with a language model of your choice.

    Every answer is kept at once: run the same command again to go on, or to write the file without asking again. A
    biography knows only what its speaker said before, unless --whole-conversation is given.
    """
    from erckit.cli.choose import choose
    from erckit.cli.label_outputs import check_place
    from erckit.prompting.annotation.annotation_rows import rows_of, write_rows
    from erckit.prompting.annotation.annotator import open_annotator
    from erckit.prompting.annotation.biography_settings import BiographySettings
    from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS, check_elements
    from erckit.prompting.context.context_settings import ENGINES

    choose("--what", what, ("biographies", "characteristics"))
    choose("--engine", engine, ENGINES)
    choose("--precision", precision, PRECISIONS)
    elements = check_elements(element or DEFAULT_ELEMENTS)
    _refuse_unread(context, what, engine, whole_conversation)
    if out is not None:
        check_place(out, "--out", [Path(name) for name in (source, file, cache) if name])
    settings = BiographySettings(
        form="whole_conversation" if whole_conversation else "causal",
        scope="conversation" if per_conversation else "all",
        every=every,
        words=words,
    )
    parts, anonymous = _parts(source, split, data, remembers=what == "biographies" and settings.goes_on)
    if dry_run:
        from erckit.prompting.annotation.annotation_cost import AnnotationCost, annotation_cost

        counted = elements if what == "characteristics" else ()
        costs = [annotation_cost([*past, *own], settings, counted, anonymous) for past, own in parts]
        print(AnnotationCost(sum(cost.requests for cost in costs), sum(cost.tokens for cost in costs)).text())
        return
    writer = open_annotator(
        engine,
        model=model,
        url=url,
        file=file,
        tokens=max_tokens,
        seconds=max_seconds,
        tries=tries,
        timeout=timeout,
        parallel=parallel,
        dtype=_dtype(precision) if engine == "local" else "fp32",
        key_variable=key_variable,
        cache=cache,
        quiet=quiet,
    )
    rows = []
    for past, own in parts:
        if what == "biographies":
            written = writer.biographies([*past, *own], settings, anonymous=anonymous)
            rows += rows_of(own, written.per_utterance[len(past) :], written.is_causal, None)
        else:
            rows += rows_of(own, None, True, writer.characteristics(own, elements))
    filled = sum(1 for row in rows if row.biography or row.characteristics)
    if out is not None:
        write_rows(out, rows)
        say(f"wrote {out}", quiet)
    form = "" if what != "biographies" else ", causal" if settings.is_causal else ", NOT causal"
    print(f"{filled:,} of {len(rows):,} utterances have {what}{form} by {writer.name}")


def _refuse_unread(context: typer.Context, what: str, engine: str, whole_conversation: bool) -> None:
    """A usage error for an option that was given and that nobody would read."""
    for parameter in context.command.params:
        name, source = parameter.name or "", context.get_parameter_source(parameter.name or "")
        if source is None or source.name in ("DEFAULT", "DEFAULT_MAP"):
            continue
        why = ""
        if what == "biographies" and name == "element":
            why = "goes with --what characteristics."
        elif what == "characteristics" and name in _OF_BIOGRAPHIES:
            why = "goes with --what biographies."
        elif engine not in _OF_ENGINES.get(name, (engine,)):
            why = f"goes with --engine {' or '.join(_OF_ENGINES[name])}, not with {engine}."
        elif whole_conversation and name in _OF_CAUSAL:
            why = "does not go with --whole-conversation, which writes one biography for each conversation."
        if why:
            raise typer.BadParameter(f"{why} Leave it out.", param_hint=parameter.opts[0])


def _dtype(precision: str) -> str:
    """What a local model is loaded in."""
    if precision != "auto":
        return precision
    import torch

    from erckit.encoding.precision import resolve_precision

    return resolve_precision(precision, torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def _parts(
    source: str, splits: list[str] | None, data: Path | None, remembers: bool
) -> tuple[list[tuple[list[Conversation], list[Conversation]]], frozenset[str]]:
    """For every split what it may remember and what is in it; and the corpus's generic names. A file is one split."""
    path = Path(source)
    if path.is_file():
        if splits:
            raise typer.BadParameter("goes with a corpus, not with a file.", param_hint="--split")
        if data is not None:
            raise typer.BadParameter("goes with a corpus, not with a file.", param_hint="--from")
        from erckit.readers.read_conversations import read_conversations

        return [([], list(read_conversations(path).conversations))], frozenset()
    from erckit.corpora import load_corpus
    from erckit.evaluation.run.evaluate import remembered_splits

    corpus = load_corpus(source, folder=data)
    parts = []
    for name in splits or list(corpus.splits):
        others = remembered_splits(corpus, name) if remembers else ()
        parts.append(([one for other in others for one in corpus.split(other)], list(corpus.split(name))))
    return parts, corpus.anonymous_speakers
