"""Units: time by calendar averages (months of 30.4375 days, years of 365.25), others by the codebook's
factors."""

from __future__ import annotations

from ipdma.codebook import Variable
from ipdma.site.dates import DAYS_PER_MONTH, DAYS_PER_YEAR

DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR}
SINGULAR = {name[:-1]: days for name, days in DAYS.items()}
TIME = DAYS | SINGULAR
DECIMALS = 2


def known_units(variable: Variable | None) -> list[str]:
    """Units that can be turned into the variable's own; all units of time where no variable is given."""
    if variable is None:
        return list(TIME)
    own = [variable.unit] if variable.unit else []
    time = list(TIME) if variable.unit in TIME else []
    return list(dict.fromkeys([*own, *variable.units, *time]))


def convert(value: float, unit: str | None, variable: Variable) -> float:
    """The value in the variable's own unit, to two decimals where it is another one than the file's."""
    if unit is None or unit == variable.unit:
        return value
    if unit in TIME and variable.unit in TIME:
        return round(value * TIME[unit] / TIME[variable.unit], DECIMALS)
    return round(value * float(variable.units[unit]), DECIMALS)
