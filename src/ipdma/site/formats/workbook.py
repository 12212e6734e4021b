"""Excel workbooks: the first sheet that a person sees or the named one, numbers at their shortest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipdma.errors import ReadError, nearest
from ipdma.site.formats import ReadOptions
from ipdma.site.formats.heading import find_heading
from ipdma.site.formats.package import Damaged, Package, Sheet, damaged, open_package
from ipdma.site.formats.sheet import Grid, read_grid
from ipdma.site.table import OtherSheet, Remark, Table, build_table

ROWS_OF_OTHERS = 60
LARGEST_TABLE = 20_000_000


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read one sheet of an .xlsx file."""
    package = open_package(path, name)
    sheet = pick_sheet(package.sheets, options.sheet, name)
    try:
        table = sheet_table(read_grid(package, sheet), sheet.name, name)
        table.sheet = sheet.name
        table.other_sheets = [look_at_sheet(package, other) for other in package.sheets if other != sheet]
    except Damaged:
        raise damaged(name) from None
    finally:
        package.archive.close()
    return table


def pick_sheet(sheets: Sequence[Sheet], wanted: str | None, name: str) -> Sheet:
    """The named sheet, or the first that is not hidden."""
    if wanted is None:
        return next((sheet for sheet in sheets if not sheet.hidden), sheets[0])
    names = [sheet.name for sheet in sheets]
    found = [sheet for sheet in sheets if sheet.name == wanted] or [
        sheet for sheet in sheets if sheet.name.strip() == wanted.strip()
    ]
    if not found:
        raise ReadError(
            f"{name}: there is no sheet '{wanted}'{nearest(wanted, names)}; sheets: {', '.join(names)}"
        )
    return found[0]


def sheet_table(grid: Grid, sheet: str, name: str) -> Table:
    """The rows of a sheet under their header, with remarks about what a person would not see in them."""
    uncounted = {row for row, _ in grid.valueless}
    numbers = sorted(set(grid.cells) | uncounted)
    if not grid.cells:
        what = (
            "holds formulas without values; open it in Excel, let it calculate and save it"
            if numbers
            else "is empty"
        )
        raise ReadError(
            f"{name}: the sheet '{sheet}' {what}; or name the right one as `sheet:` in study.yaml"
        )
    columns = sorted_columns(grid)
    if len(numbers) * len(columns) > LARGEST_TABLE:
        raise ReadError(
            f"{name}: the sheet '{sheet}' has cells on {len(numbers)} rows and in {len(columns)} columns, "
            "too many for a trial; delete the stray cells beside and below the data"
        )
    top = [(n, row_cells(grid, n, columns)) for n in [n for n in numbers if n in grid.cells][:ROWS_OF_OTHERS]]
    first, last, header = read_header(grid, top)
    named = [name or f"(column {at + 1})" for name, at in zip(header, columns, strict=True)]
    records = [(n, row_cells(grid, n, columns)) for n in numbers if n > last]
    table = build_table(name, named, records, [], frozenset(uncounted))
    places = {at: position for position, at in enumerate(columns)}
    table.remarks += [
        *remarks_of_header(first, last, numbers, sheet),
        *hidden_rows(grid, table),
        *merged_rows(grid, table, last, places),
        *valueless_cells(grid, table, last, places),
    ]
    return table


def row_cells(grid: Grid, number: int, columns: Sequence[int]) -> list[str]:
    """A row's cells in the columns that hold anything."""
    cells = grid.cells.get(number, {})
    return [cells.get(at, "") for at in columns]


def read_header(grid: Grid, top: Sequence[tuple[int, list[str]]]) -> tuple[int, int, list[str]]:
    """First and last row of the header, and the names of its columns.

    Where cells are merged across columns (a group's title) over names, or down over two rows, the names are
    those of the lower row; a name that occurs twice gets its group's before it.
    """
    at = find_heading(top)
    number, names = top[at]
    lower = dict(top).get(number + 1)
    merged = [m for m in grid.merged if m[0] == number]
    across = any(left < right and bottom == number for _, left, bottom, right in merged)
    down = any(bottom == number + 1 for _, _, bottom, _ in merged)
    if not lower or not merged or not (across or down) or looks_answered(lower):
        return number, number, names
    groups = spread(names, grid, number, sorted_columns(grid))
    own = [low or high for low, high in zip(lower, names, strict=True)]
    twice = {name for name in own if own.count(name) > 1}
    full = [
        f"{group} {name}" if name in twice and group and group != name else name
        for name, group in zip(own, groups, strict=True)
    ]
    return number, number + 1, full


def sorted_columns(grid: Grid) -> list[int]:
    """Positions of the columns that hold anything."""
    return sorted({at for cells in grid.cells.values() for at in cells} | {at for _, at in grid.valueless})


def looks_answered(cells: Sequence[str]) -> bool:
    """Whether a row holds numbers, as names never do."""
    return any(cell and not any(letter.isalpha() for letter in cell) for cell in cells)


def spread(names: Sequence[str], grid: Grid, number: int, columns: Sequence[int]) -> list[str]:
    """Each column's group: the title of the merged block above it."""
    groups = list(names)
    for top, left, bottom, right in grid.merged:
        if top == number == bottom and left in columns:
            title = names[columns.index(left)]
            for position, at in enumerate(columns):
                if left < at <= right:
                    groups[position] = title
    return groups


def remarks_of_header(first: int, last: int, numbers: Sequence[int], sheet: str) -> list[Remark]:
    """Lines above the header, and a header of two rows."""
    above = [number for number in numbers if number < first]
    remarks = [Remark("title_rows", rows=above, said={"row": str(first)})] if above else []
    if last > first:
        remarks.append(Remark("two_header_rows", rows=[first, last], said={"sheet": sheet}))
    return remarks


def hidden_rows(grid: Grid, table: Table) -> list[Remark]:
    """Rows that are read although a person does not see them."""
    rows = [row for row in table.rows if row in grid.hidden]
    return [Remark("hidden_rows", rows=rows)] if rows else []


def merged_rows(grid: Grid, table: Table, header: int, places: dict[int, int]) -> list[Remark]:
    """Cells merged down over several rows, of which only the first holds the value, by column."""
    there = set(table.rows)
    found: dict[int, list[int]] = {}
    for top, left, bottom, _ in grid.merged:
        if header < top < bottom and left in places and left in grid.cells.get(top, {}):
            rows = (
                [row for row in table.rows if top < row <= bottom]
                if bottom - top > len(there)
                else [row for row in range(top + 1, bottom + 1) if row in there]
            )
            found.setdefault(places[left], []).extend(rows)
    return [
        Remark("merged_rows", table.columns[at].name, sorted(rows))
        for at, rows in sorted(found.items())
        if rows
    ]


def valueless_cells(grid: Grid, table: Table, header: int, places: dict[int, int]) -> list[Remark]:
    """Formulas that carry no stored value and error cells (#N/A), which read as empty."""
    found: dict[int, list[int]] = {}
    for row, at in grid.valueless:
        if row > header:
            found.setdefault(places[at], []).append(row)
    return [
        Remark("valueless_formula", table.columns[at].name, sorted(rows))
        for at, rows in sorted(found.items())
    ]


def look_at_sheet(package: Package, sheet: Sheet) -> OtherSheet:
    """The names of the columns of a sheet that is not read."""
    grid = read_grid(package, sheet, ROWS_OF_OTHERS)
    columns = sorted_columns(grid)
    top = [(number, row_cells(grid, number, columns)) for number in sorted(grid.cells)]
    names = read_header(grid, top)[2] if top else []
    return OtherSheet(sheet.name, sheet.hidden, [" ".join(name.split()) for name in names])
