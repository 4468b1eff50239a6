"""Utterances that answer each other, as one sequence."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence


def reply_order(nodes: Sequence[tuple[str, str, float | None]], notes: Counter[str]) -> list[int]:
    """Order in which utterances of a tree of replies were made.

    By time, but never before what is answered; equal times by place in the file. Where an utterance has no time,
    or all have the same, the tree alone decides: every answer stands behind what it answers, depth first.

    Args:
        nodes: Id, id that is answered (empty for none) and time of each utterance, in file order.
        notes: Counts answers to what is not there, and answers that go round in a circle.

    Returns:
        Places in ``nodes``, each once.
    """
    place_of: dict[str, int] = {}
    for place, (identifier, _, _) in enumerate(nodes):
        if identifier:
            place_of.setdefault(identifier, place)
    answers: list[list[int]] = [[] for _ in nodes]
    roots: list[int] = []
    for place, (_, reply_to, _) in enumerate(nodes):
        parent = place_of.get(reply_to) if reply_to else None
        if parent is None or parent == place:
            roots.append(place)
            notes["answers to an utterance that is not there"] += bool(reply_to)
        else:
            answers[parent].append(place)
    times = [time for _, _, time in nodes if time is not None]
    timed = len(times) == len(nodes) and len(set(times)) > 1
    order: list[int] = []
    seen = [False] * len(nodes)
    order += _by_time(roots, answers, times, seen) if timed else _depth_first(roots, answers, seen)
    for place in range(len(nodes)):
        if not seen[place]:
            # What is left answers itself in a circle: it is opened where it stands first in the file.
            notes["answers that go round in a circle, opened where they stand first"] += 1
            order += _by_time([place], answers, times, seen) if timed else _depth_first([place], answers, seen)
    return order


def _depth_first(roots: list[int], answers: list[list[int]], seen: list[bool]) -> list[int]:
    order: list[int] = []
    waiting = roots[::-1]
    while waiting:
        place = waiting.pop()
        if not seen[place]:
            seen[place] = True
            order.append(place)
            waiting += answers[place][::-1]
    return order


def _by_time(roots: list[int], answers: list[list[int]], times: list[float], seen: list[bool]) -> list[int]:
    order: list[int] = []
    waiting = [(times[place], place) for place in roots]
    heapq.heapify(waiting)
    while waiting:
        _, place = heapq.heappop(waiting)
        if not seen[place]:
            seen[place] = True
            order.append(place)
            for answer in answers[place]:
                heapq.heappush(waiting, (times[answer], answer))
    return order
