"""Files of examples: what is read, and what a faulty one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.labelling.own_labels.examples import parse_examples, read_examples

GOOD = """label,text,speaker,conversation,order
relief,"Phew, done.",,,
relief,We made it!,,,
,Well?,Ann,c,1
sarcasm,Lovely mud.,Ben,c,3
sarcasm,Sure.,Ann,c,2
"""


def _read(tmp_path: Path, text: str, taken: tuple[str, ...] = ()):
    path = tmp_path / "examples.csv"
    path.write_text(text, encoding="utf-8")
    return read_examples(path, taken)


def test_rows_alone_and_in_context(tmp_path: Path) -> None:
    found = _read(tmp_path, GOOD)
    assert found.labels == ("relief", "sarcasm")
    assert found.counts == (2, 2)
    assert [len(one) for one in found.conversations] == [1, 1, 3]
    assert [u.text for u in found.conversations[2].utterances] == ["Well?", "Sure.", "Lovely mud."]  # by order
    assert [u.label for u in found.conversations[2].utterances] == [None, "sarcasm", "sarcasm"]
    assert found.conversations[2].speakers == ("Ann", "Ben")


def test_usual_column_names_and_other_separators_will_do(tmp_path: Path) -> None:
    found = _read(tmp_path, "Emotion;Message\nx;one\nx;two\ny;three\ny;four\n")
    assert found.counts == (2, 2)


def test_the_same_words_in_other_contexts_are_other_examples(tmp_path: Path) -> None:
    rows = "a,Okay.,c,\n,Bad news.,d,\nb,Okay.,d,\na,Good.,,\nb,Oh.,,\n"
    assert _read(tmp_path, "label,text,conversation,order\n" + rows).counts == (2, 2)


HEAD = "label,text\n"


def test_texts_of_signs_alone_are_told_apart(tmp_path: Path) -> None:
    assert _read(tmp_path, HEAD + "a,:)\na,😀\nb,:(\nb,😢\n").counts == (2, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"is empty\. Give a file"),
        (HEAD, r":1: has a header and no row\. Write one example per row"),
        (
            "lable,text\na,b\n",
            r":1: has no column 'label' \(it has lable, text\)\. Rename 'lable' to 'label'\. The fir",
        ),
        ("label,words\na,b\n", r":1: has no column 'text'"),
        (HEAD + "a,x\na,y\nb,z\n", r":4: is the only example of 'b'\. Give at least 2, better 4 to 64, or delete it"),
        (HEAD + "a,x\n,y\n", r":3: has an empty label\. Write the label, delete the row"),
        (HEAD + "a,x\n  ,y\n", r":3: has an empty label"),
        (HEAD + "a,x\na,y\nNaN,z\nNaN,w\n", r":4: has the label 'NaN', which reads as a missing value"),
        (HEAD + "a,x\na,y\nNone,z\nNone,w\n", r":4: has the label 'None', which reads as a missing value"),
        (HEAD + "null,x\nnull,y\nb,z\nb,w\n", r":2: has the label 'null', which reads as a missing value"),
        (
            HEAD + "a,Well done!\na,y\nb,z\nb,well done\n",
            r":5: has the label 'b' and line 2 has 'a' for the same words \('well done'\)\. Keep the right one",
        ),
        (HEAD + "a,Well done!\na,well... done\nb,z\nb,w\n", r":3: is the example of line 2 again"),
        (HEAD + "a,x\na, X \nb,y\nb,z\n", r":3: is the example of line 2 again \('X'\)\. Delete one"),
        (HEAD + "a,x\na,y\nb,x\nb,z\n", r":4: has the label 'b' and line 2 has 'a' for the same text \('x'\)"),
        (HEAD + "a,x\na,y\nA,z\nA,w\n", r":4: has the labels 'a' and 'A'\. Write both alike"),
        (HEAD + "a,x\na,y\n", r"has one label only, 'a'\. Give examples of another label"),
        (HEAD + "a,\na,y\n", r":2: has no text"),
        ("label,text,conversation\n,x,c\n,y,c\n", r"has no labelled row"),
        ("label,text,conversation,order\na,x,c,1\na,y,c,1\n", r":3: has the order 1 of line 2 in conversation 'c'"),
        ("label,text,conversation,order\na,x,c,1\na,y,c,\n", r":3: has no order, other rows"),
        ("label,text,conversation,order\na,x,c,one\na,y,c,2\n", r":2: has the order 'one'\. Write a number"),
        ("label,text,conversation,order\na,x,c,1\na,y,c,inf\n", r":3: has the order 'inf'\. Write a number"),
        ("label,text,conversation,order\na,x,c,1\na,y,c,nan\n", r":3: has no order, other rows"),
        (
            HEAD + "a,x\na,Well, no\nb,z\nb,w\n",
            r":3: has 3 cells, the header has 2\. Put text with a comma between quot",
        ),
        ("text,label\nWell, ok,a\n", r":2: has 3 cells, the header has 2\. Put text with a comma"),
        (HEAD + "Relief,x\nrelief,y\nrelief,z\n", r":3: has the labels 'Relief' and 'relief'\. Write both alike"),
        (HEAD + "a,x\na,nan\n", r":3: has the text 'nan', which reads as a missing value"),
        (HEAD + "a\x1b[31m,x\na,y\n", r":2: has the label 'a\\x1b\[31m', with a character that cannot be printed"),
        (HEAD + '"a\nb",x\na,y\n', r":2: has the label 'a\\nb', with a character that cannot be printed"),
        (HEAD + "a" * 61 + ",x\na,y\n", r":2: has a label of 61 characters \('a+…'\)\. Shorten it to at most 60"),
        ("label,text,text\na,x,y\n", r":1: has the column 'text' twice\. Keep one for the text"),
        ("label,text,Text\na,x,y\n", r":1: has the column 'Text' twice"),
        ('{"label": "a", "text": "x"}\n', r"looks like JSON\. Give a CSV or TSV file"),
    ],
)
def test_a_faulty_file_is_told_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        _read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_label_that_is_there_already(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r":2: has the label 'mad', which the model has already\. Give yours another"):
        _read(tmp_path, HEAD + "mad,x\nmad,y\n", taken=("Mad", "Sad"))
    assert _read(tmp_path, HEAD + "odd,x\nodd,y\n", taken=("Mad", "Sad")).labels == ("odd",)


def test_empty_cells_beyond_the_header_do_no_harm(tmp_path: Path) -> None:
    assert _read(tmp_path, HEAD + "a,x,\na,y, ,\nb,z\nb,w\n").counts == (2, 2)


def test_what_programs_write_for_no_value_is_none(tmp_path: Path) -> None:
    rows = "a,x,nan,nan,nan\na,y,NaN,NaN,\nb,z,Nan,,<NA>\nb,w,,None,\n"
    found = _read(tmp_path, "label,text,speaker,conversation,order\n" + rows)
    assert len(found.conversations) == 4  # not one conversation called nan
    assert [one.utterances[0].speaker for one in found.conversations] == ["speaker", "speaker", "Nan", "speaker"]


def test_a_long_conversation_is_checked_in_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    rows = [f"{'ab'[n % 2]},word {n},c" for n in range(3000)]
    text = "\n".join(["label,text,conversation", *rows])
    tracemalloc.start()
    try:
        parse_examples("e.csv", text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12e6  # all that was said before each row: 36 MB of pointers


def test_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "examples.csv"
    path.write_bytes((HEAD + "a,Gr\xfc\xdfe\na,y\nb,z\nb,w\n").encode("cp1252"))
    with pytest.raises(FormatError, match="--encoding"):
        read_examples(path)
    assert read_examples(path, encoding="cp1252").conversations[0].utterances[0].text == "Gr\xfc\xdfe"
