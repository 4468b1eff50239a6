"""Word counts and a linear classifier: what the words of an utterance say without any pretrained network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.corpora import Corpus
from erckit.errors import CorpusError, SettingError, nearest
from erckit.labels import LabelSet
from erckit.models.baselines.baseline import FittedBaseline, baseline_settings, labelled_utterances

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WORD = r"(?u)\w+(?:['’]\w+)?|[!?]"
STRENGTHS = (0.3, 1.0, 3.0, 10.0)  # C of the logistic regression; smaller is smoother
CLASS_WEIGHTS = (None, "balanced")
MANY = 1000  # training utterances from which words and pairs must be in two of them


class Tfidf(FittedBaseline):
    """Logistic regression, one label against the rest, on TF-IDF of the utterance's words and word pairs.

    Words are lower-cased, words and pairs seen in one training utterance only are left out where there are many;
    exclamation and question marks count as words. C and the class weights are chosen on the dev
    split by the metric of the corpus' protocol; scores are calibrated there by a temperature.
    """

    NAME: ClassVar[str] = "baseline/tfidf"
    READS_PREVIOUS: ClassVar[bool] = False
    is_selected = True

    _features: _Features
    _model: Any
    _seen: NDArray[np.int64]
    _temperature: float

    @classmethod
    def fit(cls, corpus: Corpus, seed: int = 1) -> Self:
        """Fit one classifier per setting of the grid and keep the best on dev; the seed changes nothing.

        Raises:
            CorpusError: No train or dev split with gold labels, or train has one label or no words only.
        """
        from erckit.metrics import fit_temperature

        for split in ("train", "dev"):
            labelled_utterances(corpus, split)
        label_set, metric = corpus.label_set, selection_metric(corpus)
        train, dev = (_texts(corpus.split(split), label_set) for split in ("train", "dev"))
        gold = train.gold[train.gold >= 0]
        if len(set(gold.tolist())) < 2:
            raise CorpusError(f"{corpus.name}/train: all gold labels are the same; there is nothing to tell apart.")
        features = _Features(cls.READS_PREVIOUS, len(gold))
        try:
            known = features.fit(train.labelled())
        except ValueError as error:
            raise CorpusError(f"{corpus.name}/train: no word to count ({error}). Check its texts.") from None
        judged = dev.labelled()
        best, model = _choose(known, gold, features.transform(judged), judged.gold, label_set, metric)

        self = cls(
            cls.NAME.replace("/", "-"),
            label_set,
            baseline_settings(
                cls.NAME,
                corpus,
                seed,
                **({} if cls.READS_PREVIOUS else {"attention": "isolated"}),
                ngrams=[1, 2],
                C=best["C"],
                class_weight=best["class_weight"] or "none",
                selected_by=metric,
            ),
        )
        self._features, self._model = features, model
        self._seen = np.asarray(model.classes_, dtype=np.int64)
        column = {int(label): i for i, label in enumerate(self._seen)}
        # A dev label that train lacks has no score to calibrate.
        self._temperature = fit_temperature(
            _logits(model, features.transform(judged)), [column.get(int(y), -1) for y in judged.gold]
        )
        self.calibrated = True
        self.parameters = self.trained_parameters = sum(int(one.coef_.size) + 1 for one in model.estimators_)
        return self

    def probabilities(
        self, conversations: Sequence[Conversation], report: Callable[[int], None] | None = None
    ) -> list[Sequence[Sequence[float]]]:
        """Calibrated scores; 0 for labels that train lacks; (U, L) per conversation."""
        logits = _logits(self._model, self._features.transform(_texts(conversations, self.label_set)))
        powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / self._temperature)
        found = np.zeros((len(logits), len(self.label_set)))
        found[:, self._seen] = powers / powers.sum(axis=1, keepdims=True)  # (N, L)
        if report:
            report(len(found))
        return [rows.tolist() for rows in np.split(found, np.cumsum([len(c) for c in conversations])[:-1])]


class TfidfContext(Tfidf):
    """The same with a second set of counts: the words of the previous utterance of the conversation."""

    NAME: ClassVar[str] = "baseline/tfidf_context"
    READS_PREVIOUS: ClassVar[bool] = True


def selection_metric(corpus: Corpus) -> str:
    """Metric of the corpus' protocol, by which settings are chosen on dev.

    Raises:
        SettingError: The protocol asks for a metric that does not exist.
    """
    from erckit.metrics import metric_names

    known = corpus.protocols.get(f"{corpus.name}/dev") or corpus.protocols.get(f"{corpus.name}/test")
    metric = str(getattr(known, "metric", "weighted_f1"))
    if metric not in metric_names():
        raise SettingError(f"corpus '{corpus.name}' asks for the metric '{metric}'. {nearest(metric, metric_names())}")
    return metric


class _Texts:
    """N utterances: their texts, the texts before them, and their gold labels' positions (-1 for none)."""

    def __init__(self, own: list[str], previous: list[str], gold: NDArray[np.int64]) -> None:
        self.own, self.previous, self.gold = own, previous, gold

    def labelled(self) -> _Texts:
        kept = np.flatnonzero(self.gold >= 0).tolist()
        return _Texts([self.own[i] for i in kept], [self.previous[i] for i in kept], self.gold[kept])


def _texts(conversations: Sequence[Conversation], label_set: LabelSet) -> _Texts:
    own, previous, gold = [], [], []
    for conversation in conversations:
        said = [u.text for u in conversation.utterances]
        own += said
        previous += ["", *said[:-1]]
        gold += [label_set.labels.index(u.label) if u.label in label_set else -1 for u in conversation.utterances]
    return _Texts(own, previous, np.asarray(gold, dtype=np.int64))


class _Features:
    """TF-IDF of the utterance, and beside it that of the utterance before."""

    def __init__(self, reads_previous: bool, utterances: int) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        options = {"ngram_range": (1, 2), "sublinear_tf": True, "min_df": 2 if utterances >= MANY else 1}
        self._blocks = [TfidfVectorizer(token_pattern=WORD, **options) for _ in range(1 + reads_previous)]

    def fit(self, texts: _Texts) -> csr_matrix:
        for block, chosen in zip(self._blocks, (texts.own, texts.previous), strict=False):
            block.fit(chosen)
        return self.transform(texts)

    def transform(self, texts: _Texts) -> csr_matrix:
        from scipy.sparse import hstack

        parts = [block.transform(t) for block, t in zip(self._blocks, (texts.own, texts.previous), strict=False)]
        return parts[0] if len(parts) == 1 else hstack(parts, format="csr")


def _choose(
    known: csr_matrix,
    gold: NDArray[np.int64],
    judged: csr_matrix,
    judged_gold: NDArray[np.int64],
    label_set: LabelSet,
    metric: str,
) -> tuple[dict[str, Any], Any]:
    """The setting with the best dev score, and its classifier; of equals, the smoother one."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    from erckit.metrics import classification_report

    best: tuple[float, dict[str, Any], Any] | None = None
    for class_weight in CLASS_WEIGHTS:
        for strength in STRENGTHS:
            chosen = {"C": strength, "class_weight": class_weight}
            # liblinear settles within seconds where a joint fit of all labels takes minutes (DailyDialog).
            model = OneVsRestClassifier(LogisticRegression(**chosen, solver="liblinear")).fit(known, gold)
            found = model.predict(judged)
            score = classification_report(judged_gold.tolist(), found.tolist(), label_set).value(metric, label_set)
            if best is None or score > best[0]:
                best = (score, chosen, model)
    assert best is not None
    return best[1], best[2]


def _logits(model: Any, features: csr_matrix) -> NDArray[np.float64]:
    """(N, labels seen in train): what the softmax is taken of, after calibration."""
    found = np.asarray(model.decision_function(features), dtype=np.float64)
    return np.stack([np.zeros_like(found), found], axis=1) if found.ndim == 1 else found
