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
SECONDS = 20.0  # for one search of whole numbers


@dataclass(frozen=True)
class Set:
    """A set of rows: the people who have all of some attributes (and none of others).

    Attributes
    ----------
    has, lacks : tuple of attribute names
    n : int
    counts : mapping of (attribute, level) or pairs of them to int
        People at a level, or at two levels of two attributes.
    same : hashable
        Sets of one size with an equal value hold the same people, as far as is known.
    """

    has: tuple[Hashable, ...]
    n: int
    lacks: tuple[Hashable, ...] = ()
    counts: Mapping[Hashable, int] = field(default_factory=dict)
    same: Hashable = None

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


def settle_people(
    n: int,
    scores: Sequence[Hashable],
    variables: Mapping[Hashable, int],
    sets: Sequence[Set],
    rng: np.random.Generator,
) -> People:
    """Give n people scores and variables so that each set of rows has its size and its levels their counts.

    Parameters
    ----------
    n : int
    scores : sequence of attribute names
        Settled first, all together.
    variables : mapping of attribute name to int
        Its number of levels; 1 for a number that is there or not.
    sets : sequence of Set
    rng : Generator

    Returns
    -------
    People

    Raises
    ------
    NoRows
        Where no whole numbers of people fit.
    """
    people = People(n)
    for group in groups_of(scores, sets):
        settle_scores(people, group, sets, rng)
    lacking = np.zeros(n)
    copies: dict[Hashable, np.ndarray] = {}
    for name, levels in variables.items():
        settle_variable(people, name, levels, sets, rng, lacking, copies)
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


def settle_scores(
    people: People, group: Sequence[Hashable], sets: Sequence[Set], rng: np.random.Generator
) -> None:
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
    numbers = whole_numbers(np.array(rows), np.array(sizes), people.n, "scores")
    found = np.repeat(patterns, numbers, axis=0)[rng.permutation(people.n)]
    people.has.update({name: found[:, i] for name, i in at.items()})


def settle_variable(
    people: People,
    name: Hashable,
    levels: int,
    sets: Sequence[Set],
    rng: np.random.Generator,
    lacking: np.ndarray,
    copies: dict[Hashable, np.ndarray],
) -> None:
    """Who has a variable, and at which level, by the sets that it stands in.

    Parameters
    ----------
    lacking : ndarray of shape (n,)
        How many variables each person lacks already; changed in place. Different sets lack different
        people, as far
        as there are some.
    copies : dict
        For sets that hold the same people, who had the variable before; changed in place.
    """
    own = [one for one in sets if name in one.has and settled(one, people, name)]
    same = tuple((one.n, one.same) for one in own if one.same is not None)
    known = copies.get(same) if same else None
    kinds, of_kind = kinds_of(people, name, own, known)
    rows, sizes = conditions_of(kinds, of_kind, name, levels, own, people, known)
    numbers = whole_numbers(rows, sizes, people.n, str(name)).reshape(len(kinds), levels + 1)
    level = np.full(people.n, MISSING)
    for kind, counts in enumerate(numbers):
        members = np.flatnonzero(of_kind == kind)
        members = members[np.lexsort((rng.random(len(members)), -lacking[members]))]
        present = members[: len(members) - counts[levels]]  # who lacks least so far lacks this one
        level[rng.permutation(present)] = np.repeat(np.arange(levels), counts[:levels])
    people.has[name], people.level[name] = level != MISSING, level
    if known is None:
        lacking += level == MISSING
    if same:
        copies[same] = level != MISSING


def settled(one: Set, people: People, name: Hashable) -> bool:
    """Whether everything else that a set asks for is known already."""
    return all(other == name or other in people.has for other in (*one.has, *one.lacks))


def kinds_of(
    people: People, name: Hashable, own: Sequence[Set], known: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """People apart by what the sets see of them: the kinds' first members, and each person's kind."""
    signs = [one.among(people.has, people.n, name).astype(int) for one in own]
    others = {other for one in own for key in one.counts for other, _ in pairs_in(key) if other != name}
    signs += [people.level[other] for other in sorted(others, key=repr) if other in people.level]
    signs += [known.astype(int)] if known is not None else []
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
    known: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Linear conditions on the numbers of people by kind and level (the last: missing), and their sizes."""
    shape = (len(first), levels + 1)
    rows, sizes = [], []
    for kind, number in enumerate(np.bincount(of_kind, minlength=len(first))):
        one = np.zeros(shape)
        one[kind] = 1
        rows.append(one)
        sizes.append(number)
    if known is not None:
        one = np.zeros(shape)
        one[known[first], levels] = 1
        one[~known[first], :levels] = 1
        rows.append(one)
        sizes.append(0)
    for wanted in own:
        inside = wanted.among(people.has, people.n, name)[first]
        one = np.zeros(shape)
        one[inside, :levels] = 1
        rows.append(one)
        sizes.append(wanted.n)
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


def whole_numbers(rows: np.ndarray, sizes: np.ndarray, n: int, what: str) -> np.ndarray:
    """Whole numbers from 0 to n with these sums."""
    found = milp(
        np.zeros(rows.shape[1]),
        integrality=np.ones(rows.shape[1]),
        bounds=Bounds(0, n),
        constraints=LinearConstraint(rows, sizes, sizes),
        options={"time_limit": SECONDS},
    )
    if found.x is None:
        raise NoRows(f"no whole numbers of people have the counts of {what}")
    return np.rint(found.x).astype(int)
