"""Walks and flows through hidden counts: how far a count may move while all that is printed stays."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

Place = tuple[int, int]
Node = tuple[str, int]


class Arc(NamedTuple):
    """A count as a flow from one node to another."""

    tail: Node
    head: Node
    value: int


class Network(dict[Place, Arc]):
    """The counts of a table by place; knows which changes lead on from a node."""

    @cached_property
    def around(self) -> dict[Node, list[tuple[Place, int, Node]]]:
        """By node: place, sign and the node that the change leads to, in the order of the places."""
        found: dict[Node, list[tuple[Place, int, Node]]] = {}
        for place in sorted(self):
            arc = self[place]
            found.setdefault(arc.tail, []).append((place, 1, arc.head))
            found.setdefault(arc.head, []).append((place, -1, arc.tail))
        return found


def slack(at: Place, arcs: Network, hidden: set[Place], enough: int, up: bool) -> int:
    """How far the count at `at` may rise (or fall) while printed counts stay and no count falls below 0.

    Counted no further than `enough`, since some counts may rise without end. Augmenting paths (Edmonds and
    Karp 1972).
    """
    start, end = (arcs[at].head, arcs[at].tail) if up else (arcs[at].tail, arcs[at].head)
    moved = dict.fromkeys(hidden, 0)
    limit = enough if up else min(enough, arcs[at].value)
    reached = 0
    while reached < limit:
        path = shortest_path(start, end, arcs, hidden - {at}, moved)
        if path is None:
            break
        step = min([limit - reached, *(arcs[p].value + moved[p] for p, sign in path if sign < 0)])
        for place, sign in path:
            moved[place] += sign * step
        reached += step
    return reached


def shortest_path(
    start: Node, end: Node, arcs: Network, usable: set[Place], moved: dict[Place, int]
) -> list[tuple[Place, int]] | None:
    """Places and signs of a walk of changes from `start` to `end`; no count may fall below 0."""
    came: dict[Node, tuple[Node, Place, int]] = {}
    queue, seen = deque([start]), {start}
    while queue:
        node = queue.popleft()
        if node == end:
            return trace(start, end, came)
        for place, sign, other in steps(node, arcs, usable):
            if other not in seen and (sign > 0 or arcs[place].value + moved[place] > 0):
                seen.add(other)
                came[other] = (node, place, sign)
                queue.append(other)
    return None


def cheapest_walk(
    at: Place, arcs: Network, hidden: set[Place], barred: set[Place], room: int
) -> set[Place] | None:
    """Places to hide so that the count at `at` can move by `room`, hiding the fewest people.

    Both directions of movement are tried. Going against an arc lowers its count, which must therefore be
    `room` or more. A hidden count costs nothing, a printed one its value and a little, so that ties go to
    fewer counts.
    """
    found = []
    for start, end in ((arcs[at].head, arcs[at].tail), (arcs[at].tail, arcs[at].head)):
        rising = start == arcs[at].head
        if not rising and arcs[at].value < room:
            continue
        walk = dijkstra(start, end, arcs, set(arcs) - barred - {at}, hidden, room)
        if walk is not None:
            found.append(walk)
    return min(found, key=lambda walk: walk[0])[1] if found else None


def dijkstra(
    start: Node, end: Node, arcs: Network, usable: set[Place], hidden: set[Place], room: int
) -> tuple[int, set[Place]] | None:
    """Cost and places of the cheapest walk from `start` to `end` (Dijkstra 1959)."""
    best = {start: 0}
    came: dict[Node, tuple[Node, Place, int]] = {}
    heap = [(0, start)]
    while heap:
        cost, node = heapq.heappop(heap)
        if node == end:
            return cost, {place for place, _ in trace(start, end, came)}
        if cost > best[node]:
            continue
        for place, sign, other in steps(node, arcs, usable):
            if sign < 0 and arcs[place].value < room:
                continue
            through = cost + (0 if place in hidden else arcs[place].value + 1)
            if through < best.get(other, through + 1):
                best[other] = through
                came[other] = (node, place, sign)
                heapq.heappush(heap, (through, other))
    return None


def steps(node: Node, arcs: Network, usable: set[Place]) -> Iterator[tuple[Place, int, Node]]:
    """Where one change leads from `node`: along an arc the count rises, against it the count falls."""
    return (step for step in arcs.around.get(node, ()) if step[0] in usable)


def trace(start: Node, end: Node, came: dict[Node, tuple[Node, Place, int]]) -> list[tuple[Place, int]]:
    """The walk that led to `end`."""
    path = []
    node = end
    while node != start:
        node, place, sign = came[node]
        path.append((place, sign))
    return path
