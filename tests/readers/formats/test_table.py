from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation
from erckit.errors import FormatError, SettingError
from erckit.readers.formats.table import TableReader
from erckit.readers.source import Parsed, Source


def parse(content: str, name: str = "chat.csv", /, **columns: str) -> Parsed:
    return TableReader().read(Source(Path(name), content, columns))


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(u.speaker, u.text) for u in conversation.utterances]


def test_a_blank_label_is_no_label() -> None:
    (conversation,) = parse("speaker,text,label\nAnn,a,joy\nBob,b, \n").conversations
    assert [u.label for u in conversation.utterances] == ["joy", None]


def test_meld_columns_are_recognised() -> None:
    parsed = parse(
        "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,StartTime\n"
        '1,"a, b",Ann,joy,positive,0,0,"00:16:16,059"\n2,c,Bob,sad,,0,1,\n3,d,Ann,joy,,1,0,\n'
    )
    first, second = parsed.conversations
    assert (first.id, second.id) == ("0", "1")
    utterance = first.utterances[0]
    assert (utterance.id, utterance.speaker, utterance.text, utterance.label) == ("0", "Ann", "a, b", "joy")
    assert utterance.start == pytest.approx(976.059)
    assert utterance.extra == {"Sr No.": "1", "Sentiment": "positive"}


def test_convokit_columns_are_recognised() -> None:
    (conversation,) = parse("id\tconversation_id\tspeaker\ttext\ttimestamp\nu1\tc1\tann\thi\t12.5\n").conversations
    assert (conversation.id, conversation.utterances[0].id, conversation.utterances[0].start) == ("c1", "u1", 12.5)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["who", "message"], ["Ann", "a b"], ["Bob", "c"]))
    assert said(parse(text).conversations[0]) == [("Ann", "a b"), ("Bob", "c")]


def test_user_names_columns() -> None:
    parsed = parse("x;y;text\nAnn;hi;7\n", text="y", speaker="x")
    assert said(parsed.conversations[0]) == [("Ann", "hi")]
    assert parsed.conversations[0].utterances[0].extra == {"text": "7"}


def test_missing_text_column_names_the_columns_and_the_fix() -> None:
    with pytest.raises(FormatError, match=r"chat\.csv:1: .*'foo', 'bar'.*--columns text="):
        parse("foo,bar\n1,2\n")
    with pytest.raises(FormatError, match=r"no column 'baz' \(it has 'foo', 'bar'\).*--columns text="):
        parse("foo,bar\n1,2\n", text="baz")
    with pytest.raises(SettingError, match="Did you mean 'speaker'"):
        parse("foo,bar\n1,2\n", speker="foo")
    with pytest.raises(FormatError, match="'text' twice"):
        parse("text,text\n1,2\n")


def test_missing_speaker_column_is_noted() -> None:
    parsed = parse("text\nhi\n")
    assert said(parsed.conversations[0]) == [("Unknown", "hi")]
    assert any("--columns speaker=" in note for note in parsed.notes)


def test_conversation_whose_row_breaks_is_skipped_whole() -> None:
    parsed = parse("conversation,speaker,text\n1,Ann,a\n2,Bob,b,c\n2,Bob,d\n3\n1,Ann,e\n")
    assert [said(c) for c in parsed.conversations] == [[("Ann", "a"), ("Ann", "e")]]
    assert [(s.conversation_id, s.line) for s in parsed.skipped] == [("2", 3), ("3", 5)]
    assert "4 cells and the header 3" in parsed.skipped[0].reason
    assert parsed.skipped[0].raw == "2,Bob,b,c\n2,Bob,d"
    assert "ends before" in parsed.skipped[1].reason


def test_empty_text_is_kept() -> None:
    assert said(parse("speaker,text,x\nAnn,,1\n").conversations[0]) == [("Ann", "")]


def test_open_quotation_mark_is_an_error_with_its_line() -> None:
    with pytest.raises(FormatError, match=r"chat\.csv:4: .*quotation marks"):
        parse('\nspeaker,text\nAnn,a\nBob,"b\nCy,c\n')


def test_tab_separated_quotation_marks_are_text() -> None:
    (conversation,) = parse('speaker\ttext\nAnn\t"Oh," she said\nBob\t"\n', "chat.tsv").conversations
    assert said(conversation) == [("Ann", '"Oh," she said'), ("Bob", '"')]


def test_large_cells_leave_the_csv_module_as_it_was() -> None:
    limit = csv.field_size_limit()
    (conversation,) = parse(f"speaker,text\nAnn,{'x' * 1_000_000}\n").conversations
    assert len(conversation.utterances[0].text) == 1_000_000
    assert csv.field_size_limit() == limit


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)) | st.sampled_from(',"\n;\t'), max_size=12)


@given(st.lists(st.tuples(st.sampled_from("123"), CELL, CELL), min_size=1, max_size=10))
def test_every_row_becomes_an_utterance(rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["conversation", "speaker", "text"])
    writer.writerows(rows)
    parsed = parse(out.getvalue())
    assert not parsed.skipped
    got = {c.id: [u.text for u in c.utterances] for c in parsed.conversations}
    for identifier in {row[0] for row in rows}:
        wanted = [text.replace("\n", " ").replace("\t", " ").strip() for i, _, text in rows if i == identifier]
        assert got[identifier] == wanted
