"""What WhatsApp writes into an export in place of a message, in the languages of its users."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = "\u200e"  # stands in front of most things the app itself wrote on iOS
_MEDIA_KINDS = (
    "image|video|audio|sticker|gif|document|contact card|video note|voice call|video call|photo"
    "|bild|videonachricht|dokument|kontaktkarte|imagen|vídeo|documento|tarjeta de contacto|imagem|áudio|figurinha"
    "|photo|vidéo|fiche contact|immagine|adesivo|scheda contatto|afbeelding|contactkaart|изображение|видео|аудио|стикер"
    "|документ|görüntü|resim|ses|çıkartma|belge|gambar|stiker|dokumen|obraz|film|dźwięk|naklejka"
)
_OMITTED_WORDS = (
    "omitted|weggelassen|ausgeschlossen|omitid[oa]|ocultad[oa]|ocult[oa]|absent[e]?|omis[e]?|omess[oa]|non incluso"
    "|weggelaten|пропущен[оа]?|опущен[оа]?|отсутствует|dahil edilmedi|tidak disertakan|pominięt[oya]|utelämnad|udeladt"
)
# "image omitted" of iOS; with the number of pages for documents.
_OMITTED = re.compile(rf"(?:.{{0,80}}?\s)?(?:{_MEDIA_KINDS})\s(?:{_OMITTED_WORDS})[.]?", re.IGNORECASE)
_OMITTED_CJK = re.compile(
    r"(?:圖片|图片|影片|视频|語音|音频|音訊|貼圖|贴图|文件|檔案|画像|動画|音声|ステッカー|사진|동영상|음성|스티커)\s?"
    r"(?:已省略|已略過|已略去|省略|は含まれていません|생략됨|생략)"
)
# "<Media omitted>" of Android, in whatever language: nobody writes a message of nothing but angle brackets.
_ANGLE = re.compile(r"<[^<>\n\w]*\w[^<>\n\s]*\s[^<>\n]*>|<[\u3040-\u9fff\uac00-\ud7af]{3,30}>")
_ATTACHED_IOS = re.compile(r"\u200e?<[^<>:\n]{3,30}\s?:\s?[^<>\n]{1,200}\.\w{2,5}>")
_ATTACHED_ANDROID = re.compile(r"\u200e?[^\n/\\:*?\"<>|]{1,200}\.\w{2,5} \([^()\n]{3,40}\)")
_EDITED = re.compile(
    r"\u200e<[^<>:\n]{5,60}>|<(?:This message was edited|Diese Nachricht wurde bearbeitet|Se editó este mensaje"
    r"|Ce message a été modifié|Mensagem editada|Esta mensagem foi editada|Questo messaggio è stato modificato"
    r"|Dit bericht is bewerkt|Bericht bewerkt|Сообщение изменено|Данное сообщение изменено|Bu mesaj düzenlendi"
    r"|Pesan ini diedit|Edytowano tę wiadomość|Det här meddelandet redigerades"
    r"|此訊息已編輯|此消息已编辑|このメッセージは編集されました"
    r"|수정된 메시지입니다|تم تعديل هذه الرسالة)\.?>"
)
_DELETED = re.compile(
    r"(?:This message was deleted|You deleted this message|This message was deleted by admin .{1,60}"
    r"|Diese Nachricht wurde gelöscht|Du hast diese Nachricht gelöscht|Se eliminó este mensaje|Eliminaste este mensaje"
    r"|Este mensaje fue eliminado|Ce message a été supprimé|Vous avez supprimé ce message|Mensagem apagada"
    r"|Esta mensagem foi apagada|Você apagou esta mensagem|Apagou esta mensagem|Questo messaggio è stato eliminato"
    r"|Hai eliminato questo messaggio|Dit bericht (?:is|werd) verwijderd|U hebt dit bericht verwijderd"
    r"|Je hebt dit bericht verwijderd|Сообщение удалено|Данное сообщение удалено|Вы удалили (?:данное|это) сообщение"
    r"|Bu mesaj silindi|Bu mesajı sildiniz|Pesan ini (?:telah )?dihapus|Anda menghapus pesan ini"
    r"|Ta wiadomość została usunięta|Usunięto tę wiadomość|Det här meddelandet raderades"
    r"|Du raderade det här meddelandet"
    r"|此訊息已刪除|此消息已删除|你刪除了此訊息|您删除了这条消息|このメッセージは削除されました|삭제된 메시지입니다"
    r"|تم حذف هذه الرسالة|لقد حذفت هذه الرسالة|यह मैसेज मिटाया गया|आपने यह मैसेज मिटाया)\.?"
)

MEDIA = "media without text (photos, voice messages, stickers, files)"
DELETED = "deleted messages"
REMARKS = "remarks of the app (calls, polls, encryption, changes of the group)"
EMPTY = "messages without text"


@dataclass(frozen=True, slots=True)
class Message:
    """What is left of a message without the app's remarks.

    Args:
        text: What a person wrote; may be empty.
        left_out: Why it is no utterance, or None where it is one.
        edited: Whether it was edited later.
        media: Whether something was attached to it.
    """

    text: str
    left_out: str | None = None
    edited: bool = False
    media: bool = False


def read_message(text: str, marks_tell: bool) -> Message:
    """What is left of ``text``, which stands behind a sender.

    Args:
        text: Its lines; the first without the sender.
        marks_tell: Whether a left-to-right mark in front means that the app wrote it.
    """
    text = text.strip()
    shorter = _without_edit(text)
    # An Android placeholder may itself look like the mark of an edit: only behind a text it is one.
    edited = shorter != text and bool(_bare(shorter))
    if edited:
        text = shorter
    bare = _bare(text)
    if not bare or bare == "null":
        return Message("", EMPTY if not bare else MEDIA)
    if _DELETED.fullmatch(bare):
        return Message("", DELETED)
    if _ANGLE.fullmatch(bare) or _OMITTED.fullmatch(bare) or _OMITTED_CJK.fullmatch(bare):
        return Message("", MEDIA)
    caption = _without_attachment(text)
    if caption is not None:
        caption = _bare(caption)
        return Message(caption, None if caption else MEDIA, edited, True)
    if marks_tell and text.startswith(_MARK):
        return Message("", REMARKS)
    return Message(text.replace(_MARK, ""), None, edited)


def _without_edit(text: str) -> str:
    """``text`` without the mark of an edit at its end; looked for from its last bracket, as texts may be long."""
    place = text.rfind("<")
    place -= text[:place].endswith(_MARK) if place > 0 else 0
    return text[:place].rstrip() if place >= 0 and _EDITED.fullmatch(text, place) else text


def _without_attachment(text: str) -> str | None:
    """What stands beside an attachment; None where there is none."""
    found = _ATTACHED_IOS.search(text)
    if found:
        return text[: found.start()] + text[found.end() :]
    first, _, rest = text.partition("\n")
    return rest if _ATTACHED_ANDROID.fullmatch(first.strip()) else None


def _bare(text: str) -> str:
    return text.replace(_MARK, "").replace("\u200f", "").strip()
