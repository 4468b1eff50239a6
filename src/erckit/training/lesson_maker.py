"""Turns conversations into lessons: prompts with the emotions that this visit shows, and their right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from erckit.errors import SettingError, nearest
from erckit.prompting.conversation_prompt import ConversationPrompt
from erckit.prompting.gathered import Gathered
from erckit.prompting.prompt_system import PromptSystem
from erckit.prompting.task import Task
from erckit.prompting.tokenize_prompt import tokenize_prompt
from erckit.training.lesson import NOTHING, Lesson
from erckit.training.objective import NO_LABEL
from erckit.training.recipe import TrainingSettings


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
        own: What the model itself said of each row when it was last met, -1 where it was not; shown to later
            utterances in place of some gold labels.
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
            raise SettingError(f"'{key}': the style '{style}' has no task '{name}'. {nearest(name, names)}")

    def main(self, c: int, epoch: int, progress: float) -> Lesson:
        """What conversation ``c`` teaches about emotions, and beside them.

        Args:
            c: The conversation.
            epoch: From 0 on; with the seed and ``c`` it fixes what is drawn.
            progress: Share of the training that is done, in [0, 1).
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

    def learn_own(self, lesson: Lesson, scores: NDArray[np.float32]) -> None:
        """Keep what the model said of a lesson's utterances, from the scores of its questions, (R, L)."""
        rows = np.array(lesson.rows, dtype=np.int64)
        asked = (rows >= 0) & ~np.array(lesson.is_written, dtype=bool)
        count = len(self._system.builder.label_set)
        self.own[rows[asked]] = scores[asked, :count].argmax(axis=1)

    def _tasks(self, c: int) -> dict[str, Task]:
        conversation = self._gathered.conversations[c]
        return dict(self._system.builder.style.tasks(conversation, self._gathered.context(c)))

    def _shown(self, c: int, epoch: int, progress: float) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_] | None]:
        past = self._gathered.past
        if past is None or not self._system.builder.shows_past:
            return None, None
        settings = self._system.builder.settings.recent
        rng = np.random.default_rng([self._settings.seed, 104729, epoch, c])
        rows = past.rows(self._gathered.rows([c]))
        emotions = np.full(self._gathered.utterances, -1, dtype=np.int64)
        share = 1 + (settings.gold_share - 1) * progress
        is_gold = (rng.random(len(rows)) < share) | (self.own[rows] < 0)
        emotions[rows] = np.where(is_gold, self._labels[rows], self.own[rows])
        hidden = rng.random(len(self._gathered.conversations[c])) < settings.dropped
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
        answers = iter([(words[y],) if y >= 0 else ("",) for y in gold])
        written = []
        for prompt in prompts:
            questions = [replace(question, answers=next(answers)) for question in prompt.questions]
            written.append(replace(prompt, questions=tuple(q for q in questions if q.answers[0])))
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
        return barred

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
