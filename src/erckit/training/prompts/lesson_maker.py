"""Turns conversations into lessons: prompts with the emotions that this visit shows, and their right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from erckit.errors import SettingError, nearest
from erckit.prompting.context.gathered import Gathered
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.prompt.task import Task
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.prompting.scoring.tokenize_prompt import tokenize_prompt
from erckit.recipe.training_settings import TrainingSettings
from erckit.training.objectives.objective import NO_LABEL
from erckit.training.prompts.lesson import NOTHING, Lesson


class LessonMaker:
    """Lessons of the training conversations.

    Args:
        system: Its style writes the prompts.
        gathered: The training conversations.
        labels: Gold label of every row, ``NO_LABEL`` for none.
        weights: Class weights, (L,).
        possible: Labels that each row can have, (R, L) booleans; None where all can have all.
        settings: The training's settings.

    Attributes:
        own: What the model itself said of each row in its latest first pass, -1 where there was none; shown to later
            utterances in place of some gold labels.
        met: Epoch of that first pass, -1 where there was none.
    """

    def __init__(
        self,
        system: PromptSystem,
        gathered: Gathered,
        labels: Sequence[int],
        weights: Tensor,
        possible: Tensor | None,
        settings: TrainingSettings,
    ) -> None:
        self._system, self._gathered, self._settings = system, gathered, settings
        self._labels = np.asarray(labels, dtype=np.int64)
        self._weights = weights.tolist()
        self._possible = None if possible is None else possible.numpy()
        self.own = np.full(len(labels), -1, dtype=np.int64)
        self.met = np.full(len(labels), -1, dtype=np.int64)

    def task_names(self) -> list[str]:
        """Extra tasks that the style has."""
        conversation = max(self._gathered.conversations, key=lambda c: len(c.speakers))
        c = self._gathered.conversations.index(conversation)
        return sorted(self._system.builder.style.tasks(conversation, self._gathered.context(c)))

    def check_task(self, name: str, key: str) -> None:
        """Refuse a task that the style lacks.

        Raises:
            SettingError: The message names the nearest.
        """
        names = self.task_names()
        if name not in names:
            style = self._system.builder.style.name
            empty = "--set training.llm.first_task= (empty)" if key.endswith("first_task") else "leave it out"
            found = nearest(name, names) if names else f"With these 'style' settings it has none: {empty}."
            raise SettingError(f"'{key}': the style '{style}' has no task '{name}'. {found}")

    def label_shown(self, conversations: Sequence[int], epoch: int, progress: float) -> float:
        """Have the model label what the lessons of some conversations show as its own labels.

        It is the first pass of labelling, which shows no emotions, by the model as it is now: before it learns from
        these conversations. A conversation is labelled once in an epoch at most. Labels of an earlier epoch are not
        taken, nor are labels of a model that has learnt from the conversation in this epoch: where other conversations
        may show it later, it is labelled now.

        Args:
            conversations: Their lessons are to be made; arguments as for ``main``.
            epoch: From 0 on.
            progress: Share of the training that is done, in [0, 1].

        Returns:
            Share of the shown emotions that are the model's own.
        """
        if not self._shows_past:
            return 0.0
        drawn = [self._drawn(c, epoch, progress) for c in conversations]
        own = [rows[is_visible & ~is_gold] for rows, is_gold, is_visible, _ in drawn]
        recent = self._system.builder.settings.recent
        is_kept = self._system.builder.scope == "all" and recent.gold_share < 1
        rows = np.concatenate([*own, self._gathered.rows(conversations if is_kept else ())])
        missing = self._gathered.owners(rows[self.met[rows] != epoch])
        if missing:
            rows = self._gathered.rows(missing)
            self.own[rows] = self._system.blind_labels(self._gathered, missing, self._settings.batch_tokens)
            self.met[rows] = epoch
        return sum(map(len, own)) / (sum(int(is_visible.sum()) for _, _, is_visible, _ in drawn) or 1)

    def main(self, c: int, epoch: int, progress: float) -> Lesson:
        """What conversation ``c`` teaches about emotions, and beside them; ``label_shown`` comes before.

        Args:
            c: The conversation.
            epoch: From 0 on; with the seed and ``c`` it fixes what is drawn.
            progress: Share of the training that is done, in [0, 1].
        """
        emotions, hidden = self._shown(c, epoch, progress)
        rows = self._gathered.rows([c])
        prompts = self._system.prompts(self._gathered, c, emotions, hidden)
        lesson = self._emotions(prompts, rows)
        extra = {name: weight for name, weight in self._settings.llm.extra_tasks.items() if weight}
        if extra:
            tasks = self._tasks(c)
            for name, weight in extra.items():
                if name in tasks:
                    lesson = lesson.joined(self._task(tasks[name], weight))
        return lesson

    def first(self, c: int) -> Lesson:
        """What conversation ``c`` teaches in the first stage."""
        task = self._tasks(c).get(self._settings.llm.first_task)
        return NOTHING if task is None else self._task(task, 1.0)

    def _tasks(self, c: int) -> dict[str, Task]:
        conversation = self._gathered.conversations[c]
        return dict(self._system.builder.style.tasks(conversation, self._gathered.context(c)))

    @property
    def _shows_past(self) -> bool:
        return self._system.builder.shows_past and self._gathered.past is not None

    def _drawn(
        self, c: int, epoch: int, progress: float
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Rows that a lesson may show, which with their gold label, which at all; and who shows none, (U,)."""
        past = self._gathered.past
        assert past is not None
        settings = self._system.builder.settings.recent
        rng = np.random.default_rng([self._settings.seed, 104729, epoch, c])
        targets = self._gathered.rows([c])
        rows = past.rows(targets)
        is_gold = rng.random(len(rows)) < 1 + (settings.gold_share - 1) * progress
        hidden = rng.random(len(targets)) < settings.dropped
        return rows, is_gold, np.isin(rows, past.rows(targets[~hidden])), hidden

    def _shown(self, c: int, epoch: int, progress: float) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_] | None]:
        if not self._shows_past:
            return None, None
        rows, is_gold, is_visible, hidden = self._drawn(c, epoch, progress)
        assert (self.met[rows[is_visible & ~is_gold]] == epoch).all(), "label_shown comes before"
        emotions = np.full(self._gathered.utterances, -1, dtype=np.int64)
        emotions[rows] = np.where(is_gold, self._labels[rows], self.own[rows])
        return emotions, hidden

    def _emotions(self, prompts: Sequence[ConversationPrompt], rows: NDArray[np.int64]) -> Lesson:
        gold = self._labels[rows]
        factors = tuple(self._weights[y] if y >= 0 else 0.0 for y in gold)
        if self._settings.llm.loss == "labels":
            return Lesson(
                tuple(self._system.tokenize(prompts)),
                tuple(int(y) for y in gold),
                factors,
                (False,) * len(rows),
                tuple(map(int, rows)),
            )
        words = self._system.labels.labels
        answers = iter([(words[y],) if y >= 0 else () for y in gold])
        written = []
        for prompt in prompts:
            questions = [replace(question, answers=next(answers)) for question in prompt.questions]
            if asked := tuple(question for question in questions if question.answers):
                written.append(replace(prompt, questions=asked))
        kept = [i for i, y in enumerate(gold) if y >= 0]
        return Lesson(
            tuple(tokenize_prompt(self._system.lm, prompt, None) for prompt in written),
            (0,) * len(kept),
            tuple(factors[i] for i in kept),
            (True,) * len(kept),
            tuple(int(rows[i]) for i in kept),
        )

    def bars(self, lesson: Lesson) -> NDArray[np.bool_] | None:
        """Answers that take no part, (R, L): labels that an utterance's corpus does not have; None for none."""
        if self._possible is None:
            return None
        rows = np.array(lesson.rows, dtype=np.int64)
        barred = ~self._possible[np.clip(rows, 0, None)]
        barred[(rows < 0) | np.array(lesson.is_written, dtype=bool)] = False
        return barred if barred.any() else None

    def _task(self, task: Task, weight: float) -> Lesson:
        if not task.prompts:
            return NOTHING
        is_written = task.how == "write"
        prompts = (
            tuple(tokenize_prompt(self._system.lm, prompt, None) for prompt in task.prompts)
            if is_written
            else tuple(self._system.tokenize(task.prompts))
        )
        count = len(task.gold)
        gold = tuple(y if y >= 0 else NO_LABEL for y in task.gold)
        return Lesson(prompts, gold, (weight,) * count, (is_written,) * count, (-1,) * count)
