from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.readers import ReadReport, read_bytes, read_conversations

FIXTURES = Path(__file__).parents[2] / "fixtures"


def read(text: str, **arguments: str) -> ReadReport:
    return read_bytes("chat.txt", text.encode(), **arguments)  # type: ignore[arg-type]


def said(report: ReadReport) -> list[tuple[str, str]]:
    return [(u.speaker, u.text) for c in report.conversations for u in c.utterances]


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]


def test_android_in_american_english() -> None:
    report = read_conversations(FIXTURES / "whatsapp_android_us.txt")
    assert report.format == "whatsapp"
    assert said(report) == [
        ("Priya Nand", "The shed roof is gone. Completely gone!"),
        ("Tom: work", "are you serious?"),
        ("Tom: work", "I fixed that in June: two hinges four screws  and a lot of swearing"),
        ("Tom: work", "oh no \U0001f62d"),
        (
            "+44 7700 900123",
            "Hi, it's Leila (new number). Is everyone safe? See https://example.org/storm: scary",
        ),
        ("Priya Nand", "Look, it is in the neighbour's pond"),
        ("Tom: work", "[14.01.24, 12:00:00] Ben: this line was copied from another phone"),
        ("Tom: work", "Ha. I am so relieved"),
    ]
    utterances = report.conversations[0].utterances
    assert utterances[0].start == at(2024, 1, 5, 21, 59)
    assert [u.start for u in utterances[5:]] == [at(2024, 1, 14, 0, 1), at(2024, 1, 14, 12, 2), at(2024, 1, 14, 12, 4)]
    assert (utterances[4].extra, utterances[5].extra) == ({"edited": True}, {"media": True})
    # 15 lines begin with a date: what is no utterance is counted, with why.
    assert sorted(report.left_out.values()) == [1, 2, 3]
    assert sum(report.left_out.values()) + report.utterances == 14
    assert any("'Tom: work' is taken for a sender" in note for note in report.notes)


def test_ios_in_german() -> None:
    report = read_conversations(FIXTURES / "whatsapp_ios_de.txt")
    assert said(report) == [
        ("Jonas Brandt", "Guten Morgen! Wer kommt mit?"),
        ("Mila", "Ich nicht, mein Knie tut weh :("),
        ("Jonas Brandt", "Oh nein Gute Besserung!"),
        ("Jonas Brandt", "Ankunft um 10:30"),
        ("Mila", "Der Ausblick von gestern"),
        ("Jonas Brandt", "Wie geht es dem Knie?"),
    ]
    utterances = report.conversations[0].utterances
    assert utterances[0].start == at(2024, 2, 3, 8, 15, 7)
    assert [u.extra for u in utterances[3:5]] == [{"edited": True}, {"media": True}]
    assert sum(report.left_out.values()) == 4


N = "\u202f"
NEW_YEARS_EVE = at(2023, 12, 31, 23, 59)


@pytest.mark.parametrize(
    "header",
    [
        f"12/31/23, 11:59{N}PM - ",
        "12/31/23, 11:59 PM - ",
        "31/12/23, 11:59 pm - ",
        "31/12/2023, 23:59 - ",
        "31/12/2023 23:59 - ",
        "31/12/2023 à 23:59 - ",
        "31/12/2023 às 23:59 - ",
        "31.12.23, 23:59 - ",
        "31.12.2023, 23:59 – ",
        "31.12.2023 klo 23.59 - ",
        "31.12.2023 kl. 23.59 - ",
        "31-12-2023 23:59 - ",
        "2023-12-31 23:59 - ",
        "2023/12/31 23:59 - ",
        "2023/12/31 下午11:59 - ",
        "2023年12月31日 下午11:59 - ",
        "2023. 12. 31. 23:59 - ",
        "2023년 12월 31일 오후 11:59, ",
        f"31/12/2023, 11:59{N}p.{N}m. - ",
        "31/12/23, 11:59 μ.μ. - ",
        "31/12/23, 11:59 ÖS - ",
        "31/12/2023, 11:59 अपराह्न - ",
        "\u200f٣١\u200f/١٢\u200f/٢٠٢٣، ١١:٥٩ م - ",
        "[31.12.23, 23:59:00] ",
        "\u200e[31.12.23, 23:59:00] ",
        "[31/12/2023, 23:59:00] ",
        f"[12/31/23, 11:59:00{N}PM] ",
        "[31/12/23 11:59:00 p. m.] ",
        "[2023-12-31, 23:59:00] ",
        "[2023/12/31 23:59:00] ",
        "[2023. 12. 31. 오후 11:59:00] ",
        "[31.12.2023 klo 23.59.00] ",
        "\ufeff[31-12-2023 23:59:00] ",
    ],
)
def test_dates_of_many_phones(header: str) -> None:
    report = read(f"{header}Ann: one\n{header}Bob: two\nand three")
    assert report.format == "whatsapp"
    assert said(report) == [("Ann", "one"), ("Bob", "two and three")]
    assert [u.start for u in report.conversations[0].utterances] == [NEW_YEARS_EVE] * 2


@pytest.mark.parametrize(("clock", "hour"), [("12:05 AM", 0), ("1:05 AM", 1), ("12:05 PM", 12), ("11:05 PM", 23)])
def test_noon_and_midnight(clock: str, hour: int) -> None:
    assert read(f"2/13/24, {clock} - Ann: hi").conversations[0].utterances[0].start == at(2024, 2, 13, hour, 5)


def dates(*written: str, **arguments: str) -> list[float | None]:
    report = read("\n".join(f"{date}, 10:00 - Ann: x" for date in written), **arguments)
    return [u.start for u in report.conversations[0].utterances]


def test_order_of_dates_is_found_in_the_whole_file() -> None:
    assert dates("1/2/24", "1/13/24")[0] == at(2024, 1, 2, 10)
    assert dates("1/2/24", "13/2/24")[0] == at(2024, 2, 1, 10)
    # No number above 12: only one order has the messages in the order they were sent.
    assert dates("2/3/24", "2/4/24", "3/1/24", "3/2/24")[:2] == [at(2024, 2, 3, 10), at(2024, 2, 4, 10)]
    assert dates("3/2/24", "4/2/24", "1/3/24", "2/3/24")[:2] == [at(2024, 2, 3, 10), at(2024, 2, 4, 10)]


def test_order_that_nothing_tells_is_said_and_can_be_named() -> None:
    report = read("5/6/2023, 9:00 - Ann: x")
    assert report.conversations[0].utterances[0].start == at(2023, 6, 5, 9)
    assert any("tells days from months" in note and "--date-order mdy" in note for note in report.notes)
    american = read("5/6/23, 9:00 PM - Ann: x")
    assert american.conversations[0].utterances[0].start == at(2023, 5, 6, 21)
    assert any("--date-order dmy" in note for note in american.notes)
    named = read("5/6/2023, 9:00 - Ann: x", date_order="mdy")
    assert (named.conversations[0].utterances[0].start, named.notes) == (at(2023, 5, 6, 9), ())
    assert read("5/5/2023, 9:00 - Ann: x").notes == ()


def test_day_that_does_not_exist_is_kept_as_it_stands() -> None:
    report = read("30/02/2024, 9:00 PM - Ann: x")
    utterance = report.conversations[0].utterances[0]
    assert (utterance.start, utterance.extra) == (None, {"date": "30/02/2024 21:00:00"})


@pytest.mark.parametrize(
    "remark",
    [
        "<Media omitted>", "<Medien ausgeschlossen>", "<Multimedia omitido>", "<Médias omis>", "<Mídia oculta>",
        "<Media omessi>", "<Media weggelaten>", "<Без медиафайлов>", "<Medya dahil edilmedi>", "<省略多媒体文件>",
        "<メディアは含まれていません>", "\u200eimage omitted", "\u200esticker omitted", "image omitted", "GIF omitted",
        "Bild weggelassen", "imagen omitida", "\u200eimage absente", "audio omis", "imagem ocultada", "vídeo omitido",
        "immagine omessa", "afbeelding weggelaten", "report.pdf • \u200e12 pages \u200edocument omitted",
        "\u200e<attached: 00000012-AUDIO-2024-01-01.opus>", "IMG-20240101-WA0001.jpg (file attached)",
        "PTT-20240101-WA0001.opus (Datei angehängt)", "null", "", "\u200eMissed voice call",
        "\u200ePOLL:\nWhere?\n\u200eOPTION: here (2 votes)", "This message was deleted", "You deleted this message.",
        "Diese Nachricht wurde gelöscht.", "Se eliminó este mensaje", "Ce message a été supprimé",
        "Mensagem apagada", "Questo messaggio è stato eliminato", "Dit bericht is verwijderd",
        "Данное сообщение удалено", "此訊息已刪除",
    ],
)  # fmt: skip
def test_remarks_of_the_app_are_left_out_and_counted(remark: str) -> None:
    report = read(f"31.12.23, 10:00 - Ann: hi\n31.12.23, 10:01 - Bob: {remark}\n31.12.23, 10:02 - Ann: bye")
    assert said(report) == [("Ann", "hi"), ("Ann", "bye")]
    assert sum(report.left_out.values()) == 1
    assert any(note.startswith("left out: ") and note.endswith(": 1.") for note in report.notes)


@pytest.mark.parametrize(
    "text", ["I <3 you> so much", "the image omitted a lot", "null and void", "see a.txt (maybe) x"]
)
def test_what_only_looks_like_a_remark_stays(text: str) -> None:
    assert said(read(f"31.12.23, 10:00 - Ann: {text}")) == [("Ann", text)]


def test_marks_in_front_of_every_message_are_no_sign_of_the_app() -> None:
    lines = [f"[31.12.23, 10:00:0{i}] Ann: \u200etext {i}" for i in range(4)]
    assert len(said(read("\n".join(lines)))) == 4


def test_remarks_without_a_sender_even_with_a_colon() -> None:
    report = read(
        '31.12.23, 10:00 - Ann changed the subject from "A" to "B: C"\n'
        "31.12.23, 10:00 - Ann added Bob\n31.12.23, 10:01 - Bob: hi"
    )
    assert said(report) == [("Bob", "hi")]
    assert list(report.left_out.values()) == [2]


def test_piece_cut_out_of_a_chat() -> None:
    report = read("end of a message\n31.12.23, 10:00 - Ann: hi\n31.12.23, 10:01 - Bob: yo")
    assert (report.format, said(report)[0]) == ("whatsapp", ("Unknown", "end of a message"))


def test_chat_without_a_message() -> None:
    with pytest.raises(FormatError, match=r"no message with text \(left out: media"):
        read("31.12.23, 10:00 - Ann: <Media omitted>")
    with pytest.raises(FormatError, match="has no line such as"):
        read("Ann: hi", format="whatsapp")


@pytest.mark.parametrize("text", ["1.2.3 10:00 - release: notes", "[00:01:02] Ann: hi", "99/99 x", "[31.12.23] a: b"])
def test_what_is_no_whatsapp_chat(text: str) -> None:
    assert read(text).format == "transcript"
