"""Emoji, emoticons, shortcodes, stretched words and entities in words; all else as it was, byte for byte."""

from __future__ import annotations

import html
import string
import time
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from erckit.encoding.emoji_words import EMOJI_WORDS, SHORTCODE_WORDS
from erckit.encoding.spoken_text import spoken_text

SAID = {
    # joy
    "😂": "laughing", "😊 hi": "happy hi", "nice😎!": "nice cool!", "🎉": "celebrating", "💀": "dying laughing",
    # love
    "❤": "love", "❤️": "love", "😍": "in love", "❤️‍🔥": "in love", "🫶🏽": "love",
    # agreement and greetings
    "👍": "yes good", "👍🏿": "yes good", "🙏🏼": "thank you", "(👎)": "(bad, no)",
    # sadness
    "😢": "sad", "it's over 😭": "it's over crying loudly", "💔": "heartbroken", "😮‍💨": "relieved sigh",
    # anger and disgust
    "😠": "angry", "🤬": "cursing, furious", "🙄": "annoyed", "🤦🏻‍♀️": "how stupid", "🤮": "disgusting",
    # fear and surprise
    "😱": "screaming in fear", "😮": "surprised", "😳": "embarrassed", "😵‍💫": "dizzy", "⚠️": "warning",
    # thought, gestures and things
    "🤔": "wondering", "🤷‍♂️": "who knows", "👩🏿‍💻": "working", "🏳️‍🌈": "rainbow flag", "☕": "coffee",
    # not in the table
    "🥨": "pretzel", "♟️": "black chess pawn", "👩🏽‍🚒": "woman fire engine", "🇩🇪": "flag de", "🏴󠁧󠁢󠁥󠁮󠁧󠁿": "flag", "1️⃣": "1",
    "so🏻": "so",
    # in a row
    "😂😂😂😂": "laughing laughing", "😂🤣 😂": "laughing laughing", "😂😂❤️❤️❤️": "laughing laughing love love",
    ":) :) :)": "happy happy", ":joy::joy::joy:": "laughing laughing",
    # emoticons
    ":)": "happy", "hi :-)": "hi happy", "ok :)))": "ok happy", "=)": "happy", "^^": "happy", "^_^": "happy",
    ":3": "happy", ":(": "sad", ":-((": "sad", ":'(": "crying", "T_T": "crying", ";_;": "crying",
    ":')": "moved", ":D": "laughing",
    "xD": "laughing", "XDDD": "laughing", "xd": "laughing", ";)": "joking", ":P": "joking", ":p": "joking",
    ":/": "unsure", ":|": "speechless", ":O": "surprised", "o_O": "surprised", "-_-": "annoyed", ">:(": "angry",
    ">:)": "mischievous", "<3": "love", "love u <3": "love u love", "</3": "heartbroken", ":*": "kiss",
    "oh no D:": "oh no horrified", "wow!:D": "wow! laughing", "thanks:)": "thanks happy", "8-)": "cool",
    "¯\\_(ツ)_/¯": "who knows", "(╯°□°)╯︵ ┻━┻": "furious", ":(😂:D": "sad laughing laughing", "a\n:(\nb": "a\nsad\nb",
    # shortcodes
    ":joy:": "laughing", ":+1::skin-tone-3: ok": "yes good ok", "so :sob:.": "so crying loudly.", ":HEART:": "love",
    ":team_lunch:": "team lunch", "<:pepe_sad:1234567890>": "pepe sad",
    # stretched words
    "sooooo": "soo", "NOOOooo": "NOO", "hmmmm": "hmm", "Sííííí": "Síí", "哈哈哈哈": "哈哈",
    # entities
    "a &amp; b": "a & b", "it&#39;s": "it's", "&lt;3": "love", "&amp;lt;3": "love", "&#x1F602;": "laughing",
    "&quot;no&hellip;&quot;": '"no…"',
}  # fmt: skip

STAYS = (
    "10:30", "at 10:30:45", ":30:", "http://", "http://a.b/c:)", "www.aaa.com", "ftp://xxx/:D", "see:pid", ":pid",
    ":Data", "8) item", "1) a 8) b", "a) b) c)", "(see below:)", "f(x;)", "x = y;", "`:)`", "```\n:) sooo\n```",
    "std::vector<int>", "if x <3 then", "n <3", "takes <3 hours", "<30", "x <= <3", "drive D:", "drive D: or", "D: yes",
    "C:\\dir", "src:/path", "0.0", "111111", "aaa111", "fooo_bar", "www", "AAA IEEE", "World War III", "xiii",
    "#fffff @sooo", "a.a@bbb.com",
    "/etc/aaa", "a::b::c", "::1", "2^^3", "x_T_T", "T_Total", "&nosuch; a&b", "&#65;", "✓ ★ ♪ → © ™", "é à 日本 हिन्दी",
    "می\u200cخواهم", "don't", "\ud83d", "", " ", "a :param x: b", "- [ ] :---",
)  # fmt: skip


@pytest.mark.parametrize(("text", "said"), SAID.items())
def test_what_tokenizers_do_not_know_is_said_in_words(text: str, said: str) -> None:
    assert spoken_text(text) == said


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_so_stays(text: str) -> None:
    assert spoken_text(text) == text


def test_every_emoji_and_shortcode_of_the_table_is_said_with_its_words() -> None:
    assert len(EMOJI_WORDS) > 300
    for sign, words in EMOJI_WORDS.items():
        assert spoken_text(f"a {sign} b") == f"a {words} b"
        assert spoken_text(f"a {sign}\ufe0f") == f"a {words}"
    for name, words in SHORTCODE_WORDS.items():
        assert spoken_text(f"a :{name}: b") == f"a {words} b"


_PIECES = st.sampled_from(
    [
        *SAID,
        *STAYS,
        *"&;:<>()3DdPpxX^_-/\\|*'`#@oO0Tswam \n",
        "amp;",
        "#38;",
        "\ufe0f",
        "\u200d",
        "🏽",
        "🇩",
        "\U0001fae9",
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join) | st.text(max_size=40))
@example("&helllip; &am\u200dp;")
def test_twice_is_as_once(text: str) -> None:
    assert spoken_text(spoken_text(text)) == spoken_text(text)


@given(st.text(st.sampled_from(string.ascii_letters + string.digits + " .,!?'\"ßéçЖ你あ\n"), max_size=60))
def test_text_without_any_of_these_is_unchanged(text: str) -> None:
    lowered = text.lower()
    is_stretched = any(a == b == c for a, b, c in zip(lowered, lowered[1:], lowered[2:], strict=False))
    if not is_stretched and "xd" not in lowered and "o.o" not in lowered and "t.t" not in lowered:
        assert spoken_text(text) == text


@given(st.text(string.ascii_lowercase + " ", max_size=20).map(str.strip), st.sampled_from(["😂", ":)", ":joy:"]))
def test_words_around_are_kept(text: str, sign: str) -> None:
    shortened = spoken_text(text)
    assert spoken_text(f"{text} {sign} {text}").split() == [
        *shortened.split(),
        *spoken_text(sign).split(),
        *shortened.split(),
    ]


def test_a_text_escaped_once_is_said_like_itself() -> None:
    for text in ("I <3 you & \"him\" 'too' 😂", "a < b > c"):
        assert spoken_text(html.escape(text)) == spoken_text(text)


@pytest.mark.parametrize(
    "part",
    [
        "a",
        ":",
        "`",
        "&amp",
        "amp;",
        "(:",
        ":(",
        "<3 ",
        "😂\u200d",
        "x D: ",
        "a@",
        "/",
        "^",
        "a.",
        ":aa",
        "<3" + " " * 99,
        "😂 ok ",
        ":joy: ok ",
        "lol:) ",
    ],
)
def test_the_time_grows_with_the_length_alone(part: str) -> None:
    def seconds(length: int) -> float:
        text = "&" + part * (length // len(part))
        start = time.process_time()
        spoken_text(text)
        return time.process_time() - start

    # sixteen times the length: 16 where it is linear, 256 where it is quadratic
    assert seconds(160_000) < 80 * max(seconds(10_000), 0.002)


_RUNS = (
    "😂", "👍🏽", "❤\ufe0f\u200d🔥", "🇩🇪", "\U0001f1e9", "1\ufe0f\u20e3", "\u200d", "\ufe0f", "\U0001f3fb", "☔\ufe0f",
    "☃", ":) ", "xD", "<3 ", "&amp;", "&#x1F602;", "&amp;lt;", "aaa", "a a", "`", "```", ":joy:", ":a", "::", "@a",
    "/ ", "http://", ">:-", "-_", "(:", "D: ", "^^", "T_T ", " ",
)  # fmt: skip


@pytest.mark.parametrize("run", _RUNS)
def test_a_long_text_takes_no_longer_than_it_is_long(run: str) -> None:
    """Each takes tens of milliseconds; time that grows with the square of the length would be a minute."""
    for before, after in product(("", "x", "😂", "`"), ("", "x", "\u200d", "`", ")")):
        text = before + run * (20_000 // len(run)) + after
        began = time.process_time()
        spoken_text(text)
        assert time.process_time() - began < 1, (before, after)
