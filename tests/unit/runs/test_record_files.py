"""The record files are the whole and the masked tables, the same from two processes as from one."""

import pandas as pd
from tests.builders.record_tables import PLAN, count_people, draw_people

from ipdma.analysis.kept import Kept
from ipdma.analysis.records import NOTE_COLUMNS
from ipdma.disclosure.mask import FILES, mask_tables
from ipdma.runs.files import csv_text
from ipdma.runs.record_files import record_files


def test_two_processes_write_what_one_writes():
    tables = {**count_people(draw_people(2, {"A": 60, "B": 90})), "notes": pd.DataFrame(columns=NOTE_COLUMNS)}
    shared = mask_tables(tables, PLAN)
    expected = {"parts/notes.csv": csv_text(shared["notes"])}
    expected |= {f"private/records/{name}.csv": csv_text(tables[name]) for name in FILES}
    expected |= {f"{name}.csv": csv_text(shared[name]) for name in FILES}
    assert expected["counts.csv"] != expected["private/records/counts.csv"]
    for processes in (1, 2):
        said, kept = [], Kept({})
        assert record_files(tables, PLAN, said.append, kept, processes) == expected
        assert "numbers of people withheld" in said[0]
