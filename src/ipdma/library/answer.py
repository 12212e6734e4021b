"""What every answer can do: show itself, become a data frame, draw its forest, keep its JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Studies:
    """What a forest plot shows.

    Attributes
    ----------
    title, footer : str
    studies : sequence of (name, estimate, low, high, weight in percent)
    pooled : (estimate, low, high)
    predicted : (low, high) or None
        The interval of a new study.
    odds : bool
        Estimates are log odds ratios, shown as odds ratios.
    """

    title: str
    studies: Sequence[tuple[str, float, float, float, float]]
    pooled: tuple[float, float, float]
    predicted: tuple[float, float] | None
    footer: str
    odds: bool = False


class Answer(ABC):
    """A fitted model or a pooled effect, for a person at a keyboard."""

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """The whole record, as `--json` writes it."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """The estimates as numbers, one row each."""

    @abstractmethod
    def shown(self) -> pd.DataFrame:
        """The estimates as a reader sees them, as text."""

    @abstractmethod
    def head(self) -> str:
        """One line: which model, of how many studies (and participants)."""

    @abstractmethod
    def notes(self) -> list[str]:
        """Lines below the table, warnings last."""

    @abstractmethod
    def studies_shown(self) -> Studies:
        """The studies' own estimates and the pooled one, for the forest plot.

        Raises
        ------
        DataError
            Where no study has an estimate of its own.
        """

    def summary(self) -> str:
        """The answer as a text table with its notes."""
        return "\n".join([self.head(), "", self.shown().to_string(index=False), "", *self.notes()])

    def forest(self, ax: Any = None) -> Any:
        """Draw the forest plot (matplotlib is imported here, not before).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Taken whole, in inches from its lower left corner; left out, a figure of the right size is made
            (``answer.forest().figure.savefig("forest.svg")``).

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        DataError
            Where no study has an estimate of its own that could be drawn.
        """
        from ipdma.library.forest import draw_on, draw_page

        shows = self.studies_shown()
        return draw_page(shows).axes[0] if ax is None else draw_on(shows, ax)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes())
        table = self.shown().to_html(index=False, border=0)
        return f"<p>{escape(self.head())}</p>{table}<ul>{notes}</ul>"
