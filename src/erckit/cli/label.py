"""``erckit label``: files of conversations in, an emotion for every utterance out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from erckit.cli import options as shared
from erckit.cli.choose import choose, split_pairs
from erckit.cli.command_group import command_app
from erckit.cli.evaluating import answer_options as options
from erckit.cli.label_outputs import check_place, output_writer, print_jsonl, print_table, side_file, write_output
from erckit.cli.say import say
from erckit.encoding.precision import PRECISIONS
from erckit.readers.merge_conversations import merge_conversations

if TYPE_CHECKING:
    from erckit.conversation import Conversation
    from erckit.label_mapping import LabelMapping
    from erckit.labelling import Labeler

app = command_app()


@app.command("label")
def label(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Transcripts ('Name: text' lines), JSONL, CSV, subtitles, or chats exported from an app, one or more.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="OUT", help="Write .jsonl or .csv; '-' is JSONL to standard output."),
    ] = None,
    model: shared.ModelOrEveryday = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="OUT.html", help="Write a self-contained HTML report.")
    ] = None,
    min_confidence: shared.MinConfidence = None,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="transcript, csv, whatsapp, ...; recognised when left out."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="K=COL,...", help="Columns of a CSV: text=message,speaker=from, ..."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Text encoding; UTF-8 when left out.")
    ] = None,
    gap_hours: Annotated[
        float | None,
        typer.Option("--gap-hours", metavar="H", help="Split conversations where nobody speaks for H hours."),
    ] = None,
    date_order: Annotated[
        str | None,
        typer.Option("--date-order", metavar="dmy|mdy|ymd", help="Dates of a WhatsApp chat; found out when left out."),
    ] = None,
    precision: shared.Precision = "auto",
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="conversation|all",
            help="What speaker history holds: this conversation, or all earlier ones of the files given and of the "
            "memory. 'all' with --memory, else 'conversation'.",
        ),
    ] = None,
    memory: shared.Memory = None,
    namespace: shared.Namespace = "default",
    annotations: Annotated[
        Path | None,
        typer.Option(
            "--annotations",
            metavar="FILE.jsonl",
            help="For an LLM system that shows biographies or characteristics: those of FILE..., as 'erckit annotate "
            "--out' writes them.",
        ),
    ] = None,
    map_to: Annotated[
        str | None,
        typer.Option("--map", metavar="NAME_OR_FILE", help="Give labels of ekman, unified, polarity or a JSON file."),
    ] = None,
    answers: options.Answers = None,
    parsing: options.Parsing = None,
    answer_tokens: options.AnswerTokens = None,
    engine: options.Engine = None,
    engine_model: options.EngineModel = None,
    engine_tokens: options.EngineTokens = None,
    engine_seconds: options.EngineSeconds = None,
    engine_timeout: options.EngineTimeout = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
) -> None:
    """Label every utterance of conversation files with an emotion.

    Without --output the result is a table on the terminal. Conversations that cannot be read are counted, told and
    kept in a side file; they never stop the others.
    """
    from erckit.progress import Progress
    from erckit.readers.reader_table import reader_table

    choose("--precision", precision, PRECISIONS)
    if history is not None:
        choose("--history", history, ("conversation", "all"))
    if format is not None:
        choose("--format", format, reader_table())
    generated = options.answer_settings(
        answers, parsing, answer_tokens, engine, engine_model, engine_tokens, engine_seconds, engine_timeout
    )
    if generated is not None:
        if model is None:
            raise typer.BadParameter("name an LLM system, or a recipe of one, to ask.", param_hint="--model")
        for option, value in (("--memory", memory), ("--min-confidence", min_confidence)):
            if value is not None:
                raise typer.BadParameter("needs scores; generated answers have none.", param_hint=option)
        if annotations is not None:
            raise typer.BadParameter("goes with label scores, not with --answers.", param_hint="--annotations")
    mapping = split_pairs("--columns", columns, "text=message,speaker=from") if columns else None
    target = Path(output) if output is not None and output != "-" else None
    if target is not None:
        output_writer(target)
        check_place(target, "--output", files)
    if report is not None:
        check_place(report, "--report", [*files, *([target] if target is not None else [])])

    how = {"format": format, "columns": mapping, "encoding": encoding, "gap_hours": gap_hours, "date_order": date_order}
    conversations = _read(files, how, target, quiet)
    if generated is not None and model is not None:
        from erckit.cli.evaluating.answering import open_answering

        labeler = open_answering(model, generated, precision, quiet)
    else:
        labeler = _load(model, precision, memory, namespace, annotations)
    _tell_known(labeler, conversations)
    _tell_scope(labeler, history, memory is not None)
    to = _find_mapping(labeler, map_to, quiet) if map_to is not None else None
    with Progress(sum(map(len, conversations)), "Labelling", quiet=quiet) as bar:
        labelled = labeler.label(
            conversations,
            min_confidence=min_confidence if to is None else None,
            history=history,
            report=bar.advance,
        )
    if to is not None:
        from erckit.labelling.map_labelled import map_labelled

        is_named = bool(labeler.about.answers)
        labelled = map_labelled(labelled, to, min_confidence=min_confidence, is_named=is_named)
    options.tell_unparsed(labeler, quiet)
    if not labeler.causal:
        say("not causal: labels also depend on what was said later; a live conversation would get others")
    if labeler.truncated:
        limit = labeler.max_utterance_tokens
        say(f"utterances of more than {limit} tokens, of which only the beginning was read: {labeler.truncated}", quiet)
    if output == "-":
        print_jsonl(labelled)
    elif target is not None:
        write_output(labelled, target)
        say(f"wrote {target}", quiet)
    else:
        print_table(labelled)
    if report is not None:
        from erckit.reports.pages.conversation_report import write_report

        title = files[0].name if len(files) == 1 else f"{len(files)} files"
        write_report(labelled, report, title=title, model_line=_model_line(labeler, to))
        say(f"wrote {report}", quiet)


def _read(
    files: list[Path],
    how: dict[str, Any],
    target: Path | None,
    quiet: bool,
) -> list[Conversation]:
    """Conversations of all files, read as ``how`` says; what was skipped goes to side files beside output or input."""
    from erckit.readers import read_conversations

    read = []
    sides: set[Path] = set()
    for path in dict.fromkeys(files):
        side = side_file(path, target, sides)
        sides.add(side)
        found = read_conversations(path, skipped=side, **how)
        read.append((path, found.conversations))
        name = f"{path}: " if len(files) > 1 else ""
        # What was skipped is told even when quiet: an utterance is never lost without a word.
        say(f"{name}{found.line()}", quiet and not found.skipped)
        for note in found.notes:
            say(f"{path}: {note}", quiet)
    return merge_conversations(read)


def _load(model: str | None, precision: str, memory: Path | None, namespace: str, annotations: Path | None) -> Labeler:
    from erckit.labelling import Labeler
    from erckit.labelling.find_model import DEFAULT_MODEL

    return Labeler.from_pretrained(
        model or DEFAULT_MODEL, precision=precision, memory=memory, namespace=namespace, annotations=annotations
    )


def _tell_known(labeler: Labeler, conversations: list[Conversation]) -> None:
    """Tell of conversations that the memory has already: files of one name may be two conversations."""
    if labeler.memory is None:
        return
    ids = [conversation.id for conversation in conversations]
    found = labeler.memory.known(ids, labeler.model_id, namespace=labeler.namespace)
    again = [name for name in ids if found[name]]
    if again:
        more = f" and {len(again) - 3} more" if len(again) > 3 else ""
        say(
            f"in the memory already, so not remembered again: {', '.join(again[:3])}{more}. "
            "Conversations are known by their id, for a transcript the file's name: rename another one of that name."
        )


def _tell_scope(labeler: Labeler, history: str | None, has_memory: bool) -> None:
    """Tell of a model that was trained without earlier conversations, where these are asked for."""
    if labeler.history_scope != "all" and (history == "all" or (history is None and has_memory)):
        kept = "; the memory is written but not read" if has_memory else ""
        say(
            f"model '{labeler.name}' was trained with history.scope '{labeler.history_scope}': speakers' earlier "
            f"conversations are not read{kept}. Train with --set model.history.scope=all for that."
        )


def _find_mapping(labeler: Labeler, target: str, quiet: bool) -> LabelMapping:
    """The mapping of the model's labels; labels that get lost in it are told."""
    from erckit.corpora.mappings.mappings import find_mapping

    found = find_mapping(labeler.label_set.labels, target)
    if found.without_counterpart:
        lost = ", ".join(found.without_counterpart)
        say(f"no counterpart in {found.name}: {lost}; their scores are shared out among the other labels", quiet)
    return found


def _model_line(labeler: Labeler, to: LabelMapping | None = None) -> str:
    """One line that says which model it was and how far its scores can be read as probabilities."""
    about = labeler.about
    is_calibrated = about.is_calibrated and (to is None or to.is_lossless())
    calibrated = f"scores calibrated on {about.selected_on}" if is_calibrated else "scores not calibrated"
    context = "earlier utterances only" if labeler.causal else "later utterances too"
    if about.answers:
        calibrated = f"answers {about.answers}"
    labels = len(labeler.label_set) if to is None else len(to.reachable)
    mapped = "" if to is None else f" mapped to {to.name}"
    return f"{labeler.name}: {labels} labels{mapped}, reads {context}, {calibrated}"
