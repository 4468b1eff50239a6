"""Label mappings: the laws of composition, and what they do to scores, against counting by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import LabelSetError
from erckit.label_mapping import LabelMapping
from erckit.labels import LabelSet

SETS = {
    "a": LabelSet(("a1", "a2", "a3", "a4"), neutral="a4"),
    "b": LabelSet(("b1", "b2", "b3")),
    "c": LabelSet(("c1", "c2", "c3"), neutral="c1"),
    "d": LabelSet(("d1", "d2")),
}


@st.composite
def mappings(draw: st.DrawFn, source: str, target: str) -> LabelMapping:
    labels, wanted = SETS[source].labels, SETS[target].labels
    pairs = {label: draw(st.sampled_from([None, *wanted])) for label in labels}
    doubtful = {label for label in labels if pairs[label] is not None and draw(st.booleans())}
    return LabelMapping(target, labels, SETS[target], pairs, frozenset(doubtful))


@given(mappings("a", "b"), mappings("b", "c"), mappings("c", "d"))
def test_composition_is_associative(f: LabelMapping, g: LabelMapping, h: LabelMapping) -> None:
    assert f.then(g).then(h) == f.then(g.then(h))


@given(mappings("a", "b"))
def test_the_identity_changes_nothing_on_either_side(f: LabelMapping) -> None:
    assert LabelMapping.identity("a", SETS["a"]).then(f) == f
    assert f.then(LabelMapping.identity("b", SETS["b"])) == f


@given(mappings("a", "b"), mappings("b", "c"))
def test_composition_is_one_step_after_the_other(f: LabelMapping, g: LabelMapping) -> None:
    both = f.then(g)
    for label in f.source:
        middle = f.map(label)
        wanted = None if middle is None else g.map(middle)
        assert both.map(label) == wanted
        # Doubt is kept from either step, but a label that is lost on the way is not doubtful, it is gone.
        assert (label in both.doubtful) == (wanted is not None and (label in f.doubtful or middle in g.doubtful))
    assert both.name == "c"
    assert both.target == SETS["c"]


@given(mappings("a", "b"))
def test_reachable_and_lost_labels_are_those_of_the_pairs(f: LabelMapping) -> None:
    assert list(f.reachable) == [label for label in SETS["b"].labels if label in f.pairs.values()]
    assert {one for sources in f.merges.values() for one in sources} | set(f.without_counterpart) == set(f.source)
    assert sum(map(len, f.merges.values())) + len(f.without_counterpart) == len(f.source)


@given(mappings("a", "b"), st.lists(st.floats(0.01, 1), min_size=4, max_size=4))
def test_scores_add_up_and_are_divided_by_what_is_kept(f: LabelMapping, raw: list[float]) -> None:
    scores = {label: value / sum(raw) for label, value in zip(f.source, raw, strict=True)}
    kept = f.reachable[:2]
    if not kept:
        return
    mass = {label: sum(scores[one] for one in f.source if f.pairs[one] == label) for label in kept}
    mapped = f.map_scores(scores, kept)
    assert list(mapped) == list(kept)
    assert sum(mapped.values()) == pytest.approx(1)
    for label in kept:
        assert mapped[label] == pytest.approx(mass[label] / sum(mass.values()))
    # Nothing is taken out exactly when the kept labels had all of the mass before.
    assert f.is_lossless(kept) == (sum(mass.values()) == pytest.approx(1, abs=1e-9))


@given(mappings("a", "b"), mappings("b", "c"), st.lists(st.floats(0.01, 1), min_size=4, max_size=4))
def test_scores_mapped_in_two_steps_are_scores_mapped_in_one(
    f: LabelMapping, g: LabelMapping, raw: list[float]
) -> None:
    both = f.then(g)
    if not both.reachable:
        return
    scores = {label: value / sum(raw) for label, value in zip(f.source, raw, strict=True)}
    twice = g.map_scores(f.map_scores(scores, SETS["b"].labels), both.reachable)
    assert both.map_scores(scores) == pytest.approx(twice)


def test_no_score_left_gives_equal_scores() -> None:
    f = LabelMapping("b", ("x", "y", "z"), SETS["b"], {"x": "b1", "y": "b2", "z": None})
    assert f.map_scores({"x": 0.0, "y": 0.0, "z": 1.0}) == {"b1": 0.5, "b2": 0.5}
    assert not f.is_lossless()


def test_several_labels_need_one_counterpart_together() -> None:
    f = LabelMapping("b", ("x", "y", "z", "w"), SETS["b"], {"x": "b1", "y": "b1", "z": "b2", "w": None})
    assert f.map_all(["x", "y"]) == "b1"
    assert f.map_all(["x", "z"]) is None
    assert f.map_all(["x", "w"]) is None
    assert f.map_all(["w"]) is None
    assert f.map_all([]) is None


def test_restricting_keeps_order_and_doubt() -> None:
    f = LabelMapping("b", ("x", "y", "z"), SETS["b"], {"x": "b1", "y": "b2", "z": None}, frozenset({"x", "y"}))
    g = f.restrict(["z", "y"])
    assert (g.source, g.pairs, g.doubtful) == (("z", "y"), {"z": None, "y": "b2"}, {"y"})
    with pytest.raises(LabelSetError, match=r"unknown label 'yy'.*Did you mean 'y'"):
        f.restrict(["yy"])


def test_lines_say_doubt_loss_and_what_is_never_reached() -> None:
    f = LabelMapping("b", ("x", "y", "z"), SETS["b"], {"x": "b1", "y": "b1", "z": None}, frozenset({"y"}))
    assert f.lines() == ["b1 <- x, y (doubtful)", "no counterpart: z", "not reached: b2, b3"]


@pytest.mark.parametrize(
    ("pairs", "doubtful", "said"),
    [
        ({"x": "b1"}, (), "does not say what 'y' becomes"),
        ({"x": "b1", "y": "b2", "q": "b1"}, (), "maps 'q', which it lacks"),
        ({"x": "b1", "y": "b22"}, (), r"'b22', which is not one of .* Did you mean 'b2'"),
        ({"x": "b1", "y": None}, ("y",), "calls 'y' doubtful, but does not map it"),
        ({"x": "b1", "y": "b2"}, ("q",), "calls 'q' doubtful"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(
    pairs: dict[str, str | None], doubtful: tuple[str, ...], said: str
) -> None:
    with pytest.raises(LabelSetError, match=said):
        LabelMapping("b", ("x", "y"), SETS["b"], pairs, frozenset(doubtful))
