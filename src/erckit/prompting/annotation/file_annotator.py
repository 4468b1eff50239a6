"""Ready annotations out of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from erckit.conversation import Conversation
from erckit.errors import AnnotationError
from erckit.prompting.annotation.annotation_rows import AnnotationRow, read_rows
from erckit.prompting.annotation.annotator import Annotator, Characteristics, Told
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS, check_elements
from erckit.prompting.annotation.grow_biographies import WrittenBiographies

T = TypeVar("T")


class FileAnnotator(Annotator):
    """Finds annotations by conversation, utterance and speaker; writes nothing itself.

    Args:
        path: A file as ``write_rows`` writes it.

    Raises:
        AnnotationError: The file cannot be read, or says two things of one utterance.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[tuple[str, str], AnnotationRow] = {}
        for row in read_rows(path):
            first = self._rows.setdefault((row.conversation, row.utterance), row)
            if first != row:
                raise AnnotationError(
                    f"{path}:{row.line}: utterance '{row.utterance}' of conversation '{row.conversation}' is annotated "
                    f"otherwise in line {first.line}. Keep one of them, or one file per split."
                )

    @property
    def name(self) -> str:
        """The file's name."""
        return f"file {self._path.name}"

    def _biographies(
        self, conversations: Sequence[Conversation], settings: BiographySettings, told: Told
    ) -> WrittenBiographies:
        """See :class:`Annotator`; of the settings only the form counts.

        Raises:
            AnnotationError: One is missing, or knows the future where the settings say causal.
        """

        def biography(row: AnnotationRow) -> str | None:
            if row.biography is not None and settings.is_causal and not row.is_causal:
                raise AnnotationError(
                    f"{self._path}:{row.line}: this biography is not marked as causal ('\"causal\": true'), and the "
                    "settings ask for causal ones. Set the form to whole_conversation, or write causal ones."
                )
            return row.biography

        return WrittenBiographies(self._find(conversations, biography, "biography"), settings.is_causal)

    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """See :class:`Annotator`."""
        wanted = check_elements(elements)

        def chosen(row: AnnotationRow) -> Mapping[str, str] | None:
            has_all = all(element in row.characteristics for element in wanted)
            return {element: row.characteristics[element] for element in wanted} if has_all else None

        return self._find(conversations, chosen, f"characteristics {', '.join(wanted)}")

    def _find(
        self, conversations: Sequence[Conversation], read: Callable[[AnnotationRow], T | None], what: str
    ) -> list[tuple[T, ...]]:
        found: list[tuple[T, ...]] = []
        missing: list[str] = []
        for conversation in conversations:
            values = []
            for utterance in conversation.utterances:
                row = self._rows.get((conversation.id, utterance.id))
                if row is not None and row.speaker != utterance.speaker:
                    raise AnnotationError(
                        f"{self._path}:{row.line}: says that '{row.speaker}' speaks, but utterance '{utterance.id}' of "
                        f"conversation '{conversation.id}' is by '{utterance.speaker}'. The file is of other data."
                    )
                value = read(row) if row is not None else None
                if value is None:
                    missing.append(f"utterance '{utterance.id}' of conversation '{conversation.id}'")
                else:
                    values.append(value)
            found.append(tuple(values))
        if missing:
            raise AnnotationError(
                f"{self._path}: no {what} for {len(missing):,} utterances, the first being {missing[0]}. "
                "Annotate them too."
            )
        return found
