"""Chat writing in words: emoji, emoticons, shortcodes, stretched words and HTML entities, for encoders to read."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from erckit.conversation import Conversation
from erckit.encoding.emoji_words import EMOJI_WORDS, SHORTCODE_WORDS

TEXTS = ("written", "spoken")
MOST_TIMES = 2  # 😂😂😂😂 says no more than 😂😂
_JOINER = "\u200d"
_FLAG = "\U0001f1e6-\U0001f1ff"
# Variation selectors, skin tones, the letters of a region's flag, the frame of a keycap.
_MODIFIERS = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u20e3"
_PICTURES = (
    "\U0001f004\U0001f0cf\U0001f170-\U0001f1e5\U0001f200-\U0001f265\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    + ("\U0001f7e0-\U0001f7f0\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff")
)
# Symbols that are shown as pictures by themselves. Others (a check mark, an arrow) are so with a selector behind them.
_SHOWN = "⌚⌛⏩-⏬⏰⏳☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓-❕❗➕-➗➰➿⬛⬜⭐⭕" + "".join(
    sign for sign in EMOJI_WORDS if len(sign) == 1 and sign < "\u3000"
)
_SYMBOLS = "\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299"
_EMOJI = (
    f"(?:[{_FLAG}]{{2}}|[0-9#*]\ufe0f?\u20e3|(?:[{_SYMBOLS}]\ufe0f|[{_PICTURES}{_SHOWN}])[{_MODIFIERS}]*"
    f"(?:{_JOINER}[\u2600-\u2bff{_PICTURES}][{_MODIFIERS}]*)*)"
)

# What must not be read as something else: code, addresses, paths, names.
_LEFT_ALONE = (
    r"```[\s\S]*?```|`[^`\n]*`|\b[A-Za-z]{2,12}://\S+|\bwww\.\S+"
    r"|(?<!\S)[\w.+-]+@[\w.-]+|(?<!\S)[.~]?/\S+|(?<!\w)[@#]\w+"
)
_AMPERSAND = r"(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);"
_NAMES = "lt|gt|quot|apos|nbsp|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|hearts"
_ENTITY_BODY = rf"(?:{_NAMES}|#\d{{2,7}}|#[xX][0-9a-fA-F]{{2,6}});"
_ENTITY = rf"&(?:(?:{_AMPERSAND})+(?:{_ENTITY_BODY})?|{_ENTITY_BODY})"
_SHORTCODES = r"(?<![\w:`/])(?::[\w+'-]{1,40}:)+(?![\w:`])|<a?:\w{2,32}:\d{5,21}>"

# Words, and the emoticons that say them. Sides and repeated mouths: see _faces.
_FACES = (
    ("moved", r"[:=]['’]-?\)+"),
    ("crying", r"[:=]['’]-?\(+|;-?\(+|;_;|T[_.]T|Q_Q"),
    ("angry", r">:-?[(\[]+|>[_.]<"),
    ("mischievous", r"[>}]:-?\)+"),
    ("angelic", r"[oO0]:-?\)+"),
    ("joking", r";[-o^]?[)\]]+|;-?[DPp]+|[:=]-?[Pp]+"),
    ("laughing", r"[:=]-?D+|[xX]-?D+|xd+"),
    ("happy", r"[:=][-o^]?[)\]]+|\^[_.-]?\^|(?<!\d ):3"),
    ("sad", r"[:=][-o^]?[(\[]+"),
    ("unsure", r":-?[/\\]|:-?S"),
    ("surprised", r":-?[oO]|[oO]\.[oO]|[oO0]_[oO0]"),
    ("speechless", r":-?\|"),
    ("annoyed", r"-[_.]+-|ಠ_ಠ"),
    ("heartbroken", r"</3+"),
    # Less than three: after one letter or a sign, or before a unit, it is a comparison.
    ("love", r"(?<![=<>(&|] )(?<![\s(][a-hj-tv-z\d] )(?<!\d\d )(?<!^[a-hj-tv-z\d] )<3+"
     r"(?!\s*(?:%|ms\b|sec|min|hour|day|week|month|year|item|line|people|times))"),
    ("kiss", r":-?\*+"),
    ("cool", r"[8B]-\)"),
    ("who knows", r"¯\\{0,2}_\(ツ\)_/¯"),
    ("celebrating", r"\\o/"),
    ("furious", r"\(╯°□°[)）]╯ ?(?:︵ ?┻━┻)?"),
    # A drive or an answer stands where a sentence does not end.
    ("horrified", r"(?<=[\w.!?] )(?<!rive )(?<!isk )(?<!ption )(?<!nswer )(?<!or )(?<!and )(?<!to )"
     r"(?<!on )D-?:(?=\s*$)"),
)  # fmt: skip
_FACE = "|".join(pattern for _, pattern in _FACES)
_BEFORE = rf"(?<![^\s.!?,…*~\"\ufe0f{_PICTURES}])"
_AFTER = rf"(?![^\s.!?,…*~\"'){_PICTURES}{_SHOWN}])"
_ONE_FACE = re.compile("|".join(f"(?P<f{i}>{pattern})" for i, (_, pattern) in enumerate(_FACES)))
_ATTACHED = r"(?<=[^\W\d_])[:;]-?[()]+(?![^\s.!?,…])"  # thanks:)

_PIECES = re.compile(
    r"(?=\S)(?:"  # none starts with a space
    f"(?P<alone>{_LEFT_ALONE})|(?P<entity>{_ENTITY})|(?P<codes>{_SHORTCODES})|(?P<emoji>{_EMOJI}(?:[ ]?{_EMOJI})*)"
    f"|(?P<faces>{_BEFORE}(?:{_FACE})(?:[ ](?:{_FACE}))*{_AFTER})|(?P<attached>{_ATTACHED})"
    r"|(?P<word>(?<!\w)[^\W\d_]{3,}(?!\w)))"
)
_ONE_EMOJI = re.compile(_EMOJI)
_SAID_WITHOUT = re.compile(f"[{_MODIFIERS}]|{_JOINER}[♀♂]")
_FLAG_SIGN = re.compile(f"[{_FLAG}]{{2}}")
_AMPERSANDS = re.compile(rf"&(?:{_AMPERSAND})+")
_NOT_STRETCHED = re.compile(r"www|ieee|[ivxlc]+", re.IGNORECASE)  # Roman numbers among them


def spoken_text(text: str) -> str:
    """A text with what tokenizers do not know said in words; one that has nothing of the kind comes back as it is.

    Emoji, emoticons and shortcodes become one or two words, in a row at most twice the same ones; a letter that is
    repeated three times or more is kept twice; HTML entities become their characters. Code in backticks, addresses,
    paths, mentions and hashtags stay. Doing it again changes nothing.
    """
    while (said := _PIECES.sub(_say, text)) != text:  # an entity may hide an emoji; each round leaves fewer signs
        text = said
    return text


def spoken(conversations: Sequence[Conversation]) -> list[Conversation]:
    """The same conversations with every text as :func:`spoken_text` says it."""
    return [
        replace(c, utterances=tuple(replace(u, text=spoken_text(u.text)) for u in c.utterances)) for c in conversations
    ]


def _say(match: re.Match[str]) -> str:
    whole = match[0]
    match match.lastgroup:
        case "entity":
            return _character(whole)
        case "codes":
            names = whole.strip(":").split("::") if whole[0] == ":" else [whole.split(":")[1]]
            return _placed(match, [_shortcode(name) for name in names])
        case "emoji":
            return _placed(match, [_emoji(sign) for sign in _ONE_EMOJI.findall(whole)])
        case "faces":
            faces = _ONE_FACE.finditer(match.string, match.start(), match.end())
            return _placed(match, [_FACES[face.lastindex - 1][0] for face in faces if face.lastindex])
        case "attached":
            closes = whole[-1] == ")" and "(" in match.string[max(0, match.start() - 80) : match.start()]
            return whole if closes else _placed(match, ["happy" if whole[-1] == ")" else "sad"])
        case "word" if not (_NOT_STRETCHED.fullmatch(whole) or (len(whole) == 3 and whole.isupper())):
            runs = ("".join(letters) for _, letters in groupby(whole, str.lower))
            return "".join(run[:2] if len(run) > 2 else run for run in runs)
    return whole


def _placed(match: re.Match[str], said: Sequence[str | None]) -> str:
    """Words in the place of a match, apart from what stands beside it; None is something that is no emoji after all."""
    times: Counter[str] = Counter()
    kept = []
    for words in said:
        if words is None:
            return match[0]
        times[words] += 1
        if words and times[words] <= MOST_TIMES:
            kept.append(words)
    joined = " ".join(kept)
    if not joined or joined == match[0]:
        return joined
    text, start, end = match.string, match.start(), match.end()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    left = " " if before and not before.isspace() and before not in "([{\"'*" else ""
    right = " " if after and not after.isspace() and after not in ".,!?…:;)]}\"'*" else ""
    return f"{left}{joined}{right}"


def _emoji(sign: str) -> str:
    """What an emoji says: words of the table, else of its parts, else its name; a skin tone alone says nothing."""
    plain = _SAID_WITHOUT.sub("", sign)
    if plain in EMOJI_WORDS or not plain:
        return EMOJI_WORDS.get(plain, "")
    if _FLAG_SIGN.fullmatch(plain):
        return "flag " + "".join(chr(ord(letter) - 0x1F1E6 + ord("a")) for letter in plain)
    parts = [EMOJI_WORDS.get(part) or _name(part) for part in plain.split(_JOINER)]
    return " ".join(dict.fromkeys(parts))


def _name(sign: str) -> str:
    if sign in "0123456789#*":
        return sign
    return unicodedata.name(sign, sign).lower()


def _shortcode(name: str) -> str | None:
    words = SHORTCODE_WORDS.get(name.lower())
    if words is not None or name.lower().startswith("skin-tone-"):
        return words or ""
    if len(name) > 1 and any(letter.isalpha() for letter in name):  # an emoji of the place
        return " ".join(re.split(r"[_-]+", name)).strip()
    return None


def _character(entity: str) -> str:
    """The character of an entity; also where its ampersand was written as one. A letter or digit stays hidden."""
    character = html.unescape(_AMPERSANDS.sub("&", entity))
    stays = len(character) != 1 or character in ";#" or (character.isascii() and character.isalnum())
    return entity if stays else character
