"""A number of few people that an outsider can work out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Exposure:
    """A number of few people that can be worked out.

    Attributes
    ----------
    people, study, arm, variable, level : str
        Whom it counts.
    low, high : int
        The least and the most that it can be.
    files : tuple of str
        What gives it away.
    how : str
        Why, where no number of possible values was counted.
    """

    people: str
    study: str
    arm: str
    variable: str
    level: str
    low: int
    high: int
    files: tuple[str, ...]
    how: str = ""

    def sentence(self) -> str:
        """One line for a person: whom it counts, what it can be, and the files it follows from."""
        where = ", ".join(part for part in (self.people, self.study, self.arm) if part)
        size = str(self.low) if self.low == self.high else f"{self.low} or {self.high}"
        said = f"follows from {self.how}" if self.how else f"can only be {size}"
        return f"{where}: {self.variable} {self.level} {said} (from {', '.join(self.files)})"

    def as_mapping(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "files": list(self.files)}
