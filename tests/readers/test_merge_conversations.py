from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.readers.merge_conversations import merge_conversations


def _conversation(name: str) -> Conversation:
    return Conversation(name, (Utterance("1", "A", f"text of {name}"),))


def test_ids_only_one_file_uses_are_kept() -> None:
    merged = merge_conversations([(Path("a.txt"), [_conversation("x")]), (Path("b.txt"), [_conversation("y")])])
    assert [c.id for c in merged] == ["x", "y"]


def test_ids_of_two_files_get_the_file_name() -> None:
    files = [(Path("a.jsonl"), [_conversation("1"), _conversation("2")]), (Path("b.jsonl"), [_conversation("1")])]
    assert [c.id for c in merge_conversations(files)] == ["a/1", "2", "b/1"]


def test_ids_stay_unique_when_file_names_are_equal_too() -> None:
    files = [(Path(f"{folder}/chat.txt"), [_conversation("chat")]) for folder in "abc"]
    files.append((Path("d/e.txt"), [_conversation("chat#2")]))
    ids = [c.id for c in merge_conversations(files)]
    assert ids == ["chat", "chat#3", "chat#4", "chat#2"]
