"""Who of an arm's invented people has what: scores, variables and levels, so that every set of rows has
its counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from ipdma.bundle.rows import NoRows

MISSING = -1
NODES = 2_000  # of the tree of a search: no clock, so that a busy machine finds the same people


@dataclass(frozen=True)
class Set:
    """A set of rows: the people who have all of some attributes (and none of others).

    Attributes
    ----------
    has, lacks : tuple of attribute names
    n : int
    counts : mapping of (attribute, level) or pairs of them to int
        People at a level, or at two levels of two attributes.
    """

    has: tuple[Hashable, ...]
    n: int
    lacks: tuple[Hashable, ...] = ()
    counts: Mapping[Hashable, int] = field(default_factory=dict)

    def among(self, has: Mapping[Hashable, np.ndarray], n: int, but: Hashable = None) -> np.ndarray:
        """Who is in it by the attributes that are settled, shape (n,)."""
        inside = np.ones(n, dtype=bool)
        for name in self.has:
            if name != but and name in has:
                inside &= has[name]
        for name in self.lacks:
            if name != but and name in has:
                inside &= ~has[name]
        return inside


@dataclass
class People:
    """Whom an arm consists of.

    Attributes
    ----------
    has : dict of attribute to ndarray of bool, shape (n,)
    level : dict of attribute to ndarray of int, shape (n,)
        Which level; `MISSING` where there is none.
    """

    n: int
    has: dict[Hashable, np.ndarray] = field(default_factory=dict)
    level: dict[Hashable, np.ndarray] = field(default_factory=dict)


def settle_scores(
    n: int, scores: Sequence[Hashable], sets: Sequence[Set], chance: int | None = None
) -> People:
    """Give n people the scores that sets of rows ask for; a score that no set asks for is everyone's.

    Who has one score has the others, where the sets leave it open; with `chance` (a seed) that is left to
    it, alike for each scale.

    Raises
    ------
    NoRows
        Where no whole numbers of people fit.
    """
    people = People(n)
    for group in groups_of(scores, sets):
        settle_group(people, group, sets, chance)
    return people


def groups_of(scores: Sequence[Hashable], sets: Sequence[Set]) -> Iterator[list[Hashable]]:
    """Scores that stand in a set together, in their order."""
    group = {name: {name} for name in scores}
    for one in sets:
        inside = [name for name in (*one.has, *one.lacks) if name in group]
        whole = set().union(*(group[name] for name in inside)) if inside else set()
        for name in whole:
            group[name] = whole
    seen: set[Hashable] = set()
    for name in scores:
        if name not in seen:
            seen |= group[name]
            yield [other for other in scores if other in group[name]]


def settle_group(people: People, group: Sequence[Hashable], sets: Sequence[Set], chance: int | None) -> None:
    """Patterns of scores that are there, with the sizes of the sets that ask for nothing else."""
    patterns = np.array(list(product((True, False), repeat=len(group))))
    at = {name: i for i, name in enumerate(group)}
    rows, sizes = [np.ones(len(patterns))], [people.n]
    for one in sets:
        if one.has and all(name in at for name in (*one.has, *one.lacks)):
            inside = np.all(patterns[:, [at[name] for name in one.has]], axis=1)
            if one.lacks:
                inside &= ~np.any(patterns[:, [at[name] for name in one.lacks]], axis=1)
            rows.append(inside.astype(float))
            sizes.append(one.n)
    gaps = (~patterns).sum(axis=1).astype(float)
    if chance is not None:
        gaps += np.random.default_rng(chance).random(len(gaps)) * len(group)
    numbers = whole_numbers(np.array(rows), np.array(sizes), people.n, "scores", gaps)
    found = np.repeat(patterns, numbers, axis=0)  # in one order, so that who lacks one scale lacks another
    people.has.update({name: found[:, i] for name, i in at.items()})


def settle_variable(
    people: People,
    name: Hashable,
    levels: int,
    sets: Sequence[Set],
    rng: np.random.Generator,
    free: int | None = None,
) -> np.ndarray:
    """Who has a variable, and at which level, by the sets that it stands in.

    Parameters
    ----------
    name : attribute name
    levels : int
        Its number of levels; 1 for a number that is there or not.
    sets : sequence of Set
        Those that ask for it and for nothing else that is not settled.
    free : int, optional
        The level of those who have a number that no set asks the level of.

    Returns
    -------
    ndarray of int, shape (n,)
        The kind of each person: people of one kind may change places.

    Raises
    ------
    NoRows
        Where no whole numbers of people fit.
    """
    first, of_kind = kinds_of(people, name, sets)
    rows, sizes = conditions_of(first, of_kind, name, levels, sets, people, free)
    numbers = whole_numbers(rows, sizes, people.n, str(name)).reshape(len(first), levels + 1)
    level = np.full(people.n, MISSING)
    for kind, counts in enumerate(numbers):
        members = rng.permutation(np.flatnonzero(of_kind == kind))
        level[members] = np.repeat([*range(levels), MISSING], counts)
    put_level(people, name, level)
    return of_kind


def put_level(people: People, name: Hashable, level: np.ndarray) -> None:
    """Give everyone a level of a variable; `MISSING` is none."""
    people.has[name], people.level[name] = level != MISSING, level


def settled(one: Set, people: People, name: Hashable) -> bool:
    """Whether everything else that a set asks for is known already."""
    return all(other == name or other in people.has for other in (*one.has, *one.lacks))


def kinds_of(people: People, name: Hashable, own: Sequence[Set]) -> tuple[np.ndarray, np.ndarray]:
    """People apart by what the sets see of them: the kinds' first members, and each person's kind."""
    signs = [one.among(people.has, people.n, name).astype(int) for one in own]
    others = {other for one in own for key in one.counts for other, _ in pairs_in(key) if other != name}
    signs += [people.level[other] for other in sorted(others, key=repr) if other in people.level]
    table = np.column_stack([np.zeros(people.n, dtype=int), *signs])
    _, first, of_kind = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, of_kind.ravel()


def pairs_in(key: Hashable) -> tuple[tuple[Hashable, int], ...]:
    """The (attribute, level) pairs of a count's key: one or two."""
    pairs: tuple[tuple[Hashable, int], ...] = key  # type: ignore[assignment]
    return pairs


def conditions_of(
    first: np.ndarray,
    of_kind: np.ndarray,
    name: Hashable,
    levels: int,
    own: Sequence[Set],
    people: People,
    free: int | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Linear conditions on the numbers of people by kind and level (the last: missing), and their sizes."""
    shape = (len(first), levels + 1)
    rows, sizes = [], []
    for kind, number in enumerate(np.bincount(of_kind, minlength=len(first))):
        one = np.zeros(shape)
        one[kind] = 1
        rows.append(one)
        sizes.append(number)
    for wanted in own:
        inside = wanted.among(people.has, people.n, name)[first]
        listed = {level for key in wanted.counts for other, level in pairs_in(key) if other == name}
        one = np.zeros(shape)
        one[np.ix_(inside, sorted(listed) or list(range(levels)))] = 1
        rows.append(one)
        sizes.append(wanted.n)
        if listed and free is not None:  # who is counted by level is at a level
            one = np.zeros(shape)
            one[inside, free] = 1
            rows.append(one)
            sizes.append(0)
        for key, count in wanted.counts.items():
            mine = [level for other, level in pairs_in(key) if other == name]
            if not mine:
                continue
            at = inside.copy()
            for other, level in pairs_in(key):
                if other != name:
                    at &= people.level[other][first] == level
            one = np.zeros(shape)
            one[at, mine[0]] = 1
            rows.append(one)
            sizes.append(count)
    return np.array([one.ravel() for one in rows]), np.array(sizes, dtype=float)


def whole_numbers(
    rows: np.ndarray, sizes: np.ndarray, n: int, what: str, cost: np.ndarray | None = None
) -> np.ndarray:
    """Whole numbers from 0 to n with these sums, the cheapest that a search of `NODES` finds.

    Raises
    ------
    NoRows
        Where there are none, or the search ended before it found any; `what` names them in the message.
    """
    found = milp(
        np.zeros(rows.shape[1]) if cost is None else cost,
        integrality=np.ones(rows.shape[1]),
        bounds=Bounds(0, n),
        constraints=LinearConstraint(rows, sizes, sizes),
        options={"node_limit": NODES},
    )
    if found.x is None:
        raise NoRows(f"no whole numbers of people have the counts of {what}")
    return np.rint(found.x).astype(int)
