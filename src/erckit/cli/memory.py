"""``erckit memory``: look into a speaker memory, forget a speaker, export it."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli.command_group import command_app
from erckit.cli.say import one_line, say

if TYPE_CHECKING:
    from erckit.memory.store.lance_store import LanceStore

app = command_app("Look into a speaker memory, forget a speaker, export it.")

_EVERYTHING = 2**62

Memory = Annotated[
    Path | None,
    typer.Option("--memory", metavar="DIR", help="Folder of the speaker memory; 'memory' in the cache if left out."),
]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Whose speakers.")]
Speaker = Annotated[str, typer.Argument(metavar="SPEAKER", help="The name, exactly as in the conversations.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing beside the result.")]


@app.command("stats")
def stats(
    memory: Memory = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", metavar="NAME", help="Count only this one's speakers.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Count utterances, speakers, conversations and biographies."""
    import dataclasses

    from erckit.cli.memory_text import stats_lines

    store = _open(memory)
    found = store.stats(namespace=namespace)
    if json:
        print(json_format.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False))
    else:
        print("\n".join(stats_lines(found, namespace, store.folder)))


@app.command("show")
def show(
    speaker: Speaker,
    memory: Memory = None,
    namespace: Namespace = "default",
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="As this model saw them; the latest if left out.")
    ] = None,
    last: Annotated[int, typer.Option("--last", "-n", metavar="N", min=0, help="Latest utterances to print.")] = 10,
) -> None:
    """Show what is known of a speaker: emotions, biography, latest utterances."""
    from erckit.cli.memory_text import speaker_lines
    from erckit.errors import SpeakerMemoryError, nearest

    store = _open(memory)
    profile = store.profile(speaker, model, namespace=namespace)
    biography = store.biography(speaker, namespace=namespace)
    if not profile.models and biography is None:
        raise SpeakerMemoryError(_unknown(store, speaker, namespace))
    if model is not None and profile.models and not profile.utterances:
        raise SpeakerMemoryError(f"model '{model}' saw nothing of '{speaker}'. {nearest(model, profile.models)}")
    (latest,) = store.last([speaker], last, model=profile.model, namespace=namespace)
    print("\n".join(speaker_lines(profile, latest, biography, namespace)))


@app.command("forget")
def forget(
    speaker: Speaker,
    memory: Memory = None,
    namespace: Namespace = "default",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: Quiet = False,
) -> None:
    """Remove all that a speaker said, and their biography, from the disk."""
    from erckit.cli.memory_text import count
    from erckit.errors import SpeakerMemoryError

    store = _open(memory)
    utterances = sum(store.profile(speaker, namespace=namespace).models.values())
    biography = store.biography(speaker, namespace=namespace) is not None
    if not utterances and not biography:
        store.forget(speaker, namespace=namespace)  # a killed writer may have left something that was never counted
        raise SpeakerMemoryError(_unknown(store, speaker, namespace))
    what = count(utterances, "utterance") + (" and the biography" if biography else "")
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody is there to answer; say with it that you mean it.", param_hint="--yes")
        print(f"{what} of '{one_line(speaker)}' (namespace {namespace}) in {store.folder}", file=sys.stderr)
        if not typer.confirm("Forget them for good?", err=True):
            say("nothing was forgotten", quiet)
            return
    forgotten = store.forget(speaker, namespace=namespace)
    what = count(forgotten, "utterance") + (" and the biography" if biography else "")
    print(f"forgot {what} of '{one_line(speaker)}'")
    say("what others said about them, and ids of conversations that hold their name, stay with the others", quiet)


@app.command("export")
def export(
    memory: Memory = None,
    namespace: Namespace = "default",
    speaker: Annotated[
        str | None, typer.Option("--speaker", metavar="NAME", help="Only this speaker, with the name.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.jsonl", help="Write it there, not to standard output.")
    ] = None,
    vectors: Annotated[bool, typer.Option("--vectors", help="With the memory vectors.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write utterances as JSONL, one conversation a line, as 'erckit label' reads it.

    Speakers are named by the store's hash, since it does not know their names. Biographies go to a file beside,
    OUT.biographies.jsonl, when there are any.
    """
    from erckit.memory.store.export_lines import biography_lines, conversation_lines

    store = _open(memory)
    biographies_path = output.with_name(f"{output.stem}.biographies.jsonl") if output is not None else None
    if output is not None:
        _check_output(output, store.folder)
    if speaker is None:
        rows = store.export(namespace=namespace)
        biographies = list(store.export_biographies(namespace=namespace))
    else:
        from erckit.errors import SpeakerMemoryError

        rows = iter(store.last([speaker], _EVERYTHING, namespace=namespace)[0])
        biography = store.biography(speaker, namespace=namespace)
        biographies = [(speaker, biography)] if biography is not None else []
        if not biographies and not store.profile(speaker, namespace=namespace).models:
            raise SpeakerMemoryError(_unknown(store, speaker, namespace))
    lines = conversation_lines(rows, namespace, vectors)
    told = list(biography_lines(biographies, namespace))
    if output is None or biographies_path is None:
        for line in lines:
            sys.stdout.buffer.write(line.encode() + b"\n")
        if told:
            say(f"left out: biographies ({len(told)}); -o OUT.jsonl writes them beside", quiet)
        return
    _write(output, list(lines), quiet)
    if told:
        _write(biographies_path, told, quiet)


@app.command("compact")
def compact(memory: Memory = None) -> None:
    """Make few files of many and free what no longer counts. Appending does so by itself now and then."""
    from erckit.cli.memory_text import count, size_text

    store = _open(memory)
    before = store.stats()
    store.compact()
    after = store.stats()
    print(
        f"{count(before.fragments, 'file')} of utterances became {after.fragments:,}; "
        f"{size_text(before.bytes)} became {size_text(after.bytes)}"
    )


@app.command("create")
def create(
    memory: Memory = None,
    no_text: Annotated[bool, typer.Option("--no-text", help="Never keep texts or biographies in it.")] = False,
) -> None:
    """Make an empty speaker memory and print its folder. Other commands make one by themselves, with texts."""
    from erckit.errors import SpeakerMemoryError
    from erckit.memory.store.lance_store import LanceStore
    from erckit.memory.store.store_folder import SETTINGS_NAME

    folder = _folder(memory)
    if (folder / SETTINGS_NAME).exists():
        raise SpeakerMemoryError(f"{folder}: is a speaker memory already. Name another folder.")
    print(LanceStore(folder, keeps_text=not no_text).folder)


@app.command("migrate")
def migrate(memory: Memory = None) -> None:
    """Bring a speaker memory of an earlier version to the one this erckit writes."""
    from erckit.memory.store.migrate_store import migrate_store

    folder = _folder(memory)
    print(f"{folder}: {migrate_store(folder)}")


def _folder(memory: Path | None) -> Path:
    from erckit.memory.store.open_store import default_memory_folder

    return memory.expanduser() if memory is not None else default_memory_folder()


def _open(memory: Path | None) -> LanceStore:
    """The store of a folder that is one already; looking into one does not make it."""
    from erckit.errors import SpeakerMemoryError
    from erckit.memory.store.lance_store import LanceStore

    folder = _folder(memory)
    if not folder.is_dir() or not any(folder.iterdir()):
        raise SpeakerMemoryError(
            f"{folder}: no speaker memory is here. Name its folder with --memory, or make one: erckit memory create"
        )
    return LanceStore(folder)


def _unknown(store: LanceStore, speaker: str, namespace: str) -> str:
    return (
        f"nothing is known of '{speaker}' in namespace '{namespace}' of {store.folder}. Write the name as in the "
        "conversations: only hashes of names are kept, so none can be suggested."
    )


def _check_output(output: Path, folder: Path) -> None:
    from erckit.cli.label_outputs import check_place

    if output.suffix.lower() not in (".jsonl", ".ndjson"):
        raise typer.BadParameter(f"'{output}' is no .jsonl file. Use {output.with_suffix('.jsonl')}", param_hint="-o")
    check_place(output, "--output", [])
    if output.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter(f"'{output}' is inside the speaker memory. Write it elsewhere.", param_hint="--output")


def _write(path: Path, lines: list[str], quiet: bool) -> None:
    from erckit.storage.atomic import write_text

    write_text(path, "".join(f"{line}\n" for line in lines))
    say(f"wrote {path}", quiet)
