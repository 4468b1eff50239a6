"""How well the speakers of a scored split are known from training."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.corpora.corpus import Corpus


@dataclass(frozen=True, slots=True)
class SpeakerOverlap:
    """How well the speakers of a scored split are known from training.

    Args:
        split: The split.
        speakers: Distinct names of single persons in it.
        unseen_speakers: Those that never speak in train.
        known_share: Share of all its utterances by a single person who also speaks in train, 0 to 1.
        unseen_share: Share by a single person who does not.
        anonymous_share: Share by names that are not one person; the three sum to 1.
        episodes, shared_episodes: Episodes it has scenes of, and how many of them train has scenes of, too; 0 where
            the corpus says nothing of episodes.
    """

    split: str
    speakers: int
    unseen_speakers: int
    known_share: float
    unseen_share: float
    anonymous_share: float
    episodes: int = 0
    shared_episodes: int = 0

    def lines(self) -> list[str]:
        """For the terminal."""
        if self.anonymous_share == 1.0:
            return [f"{self.split}: no speaker is known by name"]
        lines = [
            f"{self.split}: {self.known_share:.1%} of utterances by speakers known from train, "
            f"{self.unseen_share:.1%} by others ({self.unseen_speakers} of {self.speakers} names), "
            f"{self.anonymous_share:.1%} anonymous"
        ]
        if self.episodes:
            lines.append(f"{self.split}: {self.shared_episodes} of {self.episodes} episodes are in train, too")
        return lines


def speaker_overlap(corpus: Corpus, split: str) -> SpeakerOverlap:
    """How well the speakers of ``split`` are known from the train split of ``corpus``."""
    train = {u.speaker for c in corpus.splits.get("train", ()) for u in c.utterances} - corpus.anonymous_speakers
    speakers = [u.speaker for c in corpus.splits[split] for u in c.utterances]
    persons = set(speakers) - corpus.anonymous_speakers
    total = max(1, len(speakers))
    known = sum(speaker in train for speaker in speakers)
    anonymous = sum(speaker in corpus.anonymous_speakers for speaker in speakers)
    episodes = _episodes(corpus, split)
    return SpeakerOverlap(
        split=split,
        speakers=len(persons),
        unseen_speakers=len(persons - train),
        known_share=known / total,
        unseen_share=(len(speakers) - known - anonymous) / total,
        anonymous_share=anonymous / total,
        episodes=len(episodes),
        shared_episodes=len(episodes & _episodes(corpus, "train")),
    )


def _episodes(corpus: Corpus, split: str) -> set[tuple[object, object]]:
    places = ((c.meta.get("season"), c.meta.get("episode")) for c in corpus.splits.get(split, ()))
    return {(season, episode) for season, episode in places if season is not None and episode is not None}
