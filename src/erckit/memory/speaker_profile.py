"""The emotional course of one speaker, summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from erckit.memory.remembered import Remembered


@dataclass(frozen=True, slots=True)
class SpeakerProfile:
    """What a store knows of a speaker, as one model saw it.

    Args:
        speaker: The name asked for.
        model: The model whose rows are summed up.
        utterances: Its utterances of this speaker.
        conversations: Its conversations that this speaker took part in.
        first_time: Time of the first utterance; None where there is none.
        last_time: Time of the last one.
        mean_scores: Label -> mean score over the utterances that have one, highest first.
        label_counts: Label -> utterances where it has the highest score, most first.
        gold_counts: Gold label -> utterances, most first.
        models: Model -> utterances of this speaker, for all models in the store.
    """

    speaker: str
    model: str = ""
    utterances: int = 0
    conversations: int = 0
    first_time: float | None = None
    last_time: float | None = None
    mean_scores: Mapping[str, float] = field(default_factory=dict)
    label_counts: Mapping[str, int] = field(default_factory=dict)
    gold_counts: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, speaker: str, rows: Sequence[Remembered], model: str | None = None) -> SpeakerProfile:
        """Sum up a speaker's rows.

        Args:
            speaker: The name.
            rows: All rows of the speaker, oldest first.
            model: Whose rows count; None takes the model of the latest row.
        """
        models = Counter(row.model for row in rows)
        if model is None:
            model = rows[-1].model if rows else ""
        rows = [row for row in rows if row.model == model]
        sums: dict[str, float] = {}
        counts: Counter[str] = Counter()
        for row in rows:
            for label, score in row.scores.items():
                sums[label] = sums.get(label, 0.0) + score
                counts[label] += 1
        means = {label: sums[label] / counts[label] for label in sums}
        return cls(
            speaker,
            model,
            len(rows),
            len({row.conversation for row in rows}),
            rows[0].time if rows else None,
            rows[-1].time if rows else None,
            dict(sorted(means.items(), key=lambda item: -item[1])),
            dict(Counter(top for row in rows if (top := row.top_label) is not None).most_common()),
            dict(Counter(row.label for row in rows if row.label is not None).most_common()),
            dict(models.most_common()),
        )
