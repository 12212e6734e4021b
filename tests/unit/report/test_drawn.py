"""A figure or a table is made again where its content, its format or its file changed, and only there."""

from dataclasses import replace

import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.drawn import INSIDE, Drawn
from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger
from ipdma.report.making import figure_work, made_of, making, table_works
from ipdma.report.tables import tabulate_all

FORMATS = {True: ["svg", "png"], False: ["svg"]}
MADE_WITH = {"code": "c"}


@pytest.fixture(scope="module")
def exhibits():
    return list_exhibits(mock_material(3), Ledger())[:3]


@pytest.fixture
def folder(exhibits, tmp_path):
    """Three figures as a run leaves them, and what it keeps of them."""
    kept = Drawn(MADE_WITH)
    for files in made_of([figure_work(e, FORMATS) for e in exhibits], 1, kept):
        for name, content in files:
            if name != INSIDE:
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).write_bytes(content)
    (tmp_path / "kept.json").write_text(kept.text(), encoding="utf-8")
    return tmp_path


def drawn_again(folder, exhibits, formats=FORMATS, made_with=MADE_WITH):
    """How many figures are drawn in a second run, whose files are those of a run from nothing."""
    kept = Drawn(made_with, (folder / "kept.json").read_text(encoding="utf-8"), folder)
    works = [figure_work(exhibit, formats) for exhibit in exhibits]
    again, anew = list(made_of(works, 1, kept)), Drawn(made_with)
    assert again == list(made_of(works, 1, anew))
    assert kept.text() == anew.text()
    return kept.again


def test_nothing_changed_nothing_is_drawn(folder, exhibits):
    assert drawn_again(folder, exhibits) == 0


def test_a_changed_word_draws_its_own_figure(folder, exhibits):
    changed = [replace(exhibits[0], caption="Another caption"), *exhibits[1:]]
    assert drawn_again(folder, changed) == 1


def test_another_format_or_other_code_draws_all(folder, exhibits):
    assert drawn_again(folder, exhibits, {True: ["svg", "pdf"], False: ["svg", "pdf"]}) == len(exhibits)
    assert drawn_again(folder, exhibits, made_with={"code": "d"}) == len(exhibits)


def test_a_file_that_somebody_touched_is_drawn_again(folder, exhibits):
    (folder / f"figures/{exhibits[1].name}.svg").write_bytes(b"<svg/>")
    (folder / f"figures/{exhibits[2].name}.svg").unlink()
    assert drawn_again(folder, exhibits) == 2


def tables_again(folder, tables):
    """How many results of tables are made in a second run, whose files are those of a run from nothing."""
    kept = Drawn(MADE_WITH, (folder / "kept.json").read_text(encoding="utf-8"), folder)
    anew = Drawn(MADE_WITH)
    works = table_works(tables)
    assert list(made_of(works, 1, kept)) == list(made_of(works, 1, anew))
    assert kept.text() == anew.text()
    return kept.again


def test_a_table_is_written_again_where_a_cell_or_a_file_changed(tmp_path):
    tables = tabulate_all(mock_material(3), Ledger())[:3]
    kept = Drawn(MADE_WITH)
    (tmp_path / "tables").mkdir()
    for files in made_of(table_works(tables), 1, kept):
        for name, content in files:
            (tmp_path / name).write_bytes(content)
    (tmp_path / "kept.json").write_text(kept.text(), encoding="utf-8")
    assert tables_again(tmp_path, tables) == 0
    changed = [replace(tables[0], notes=[*tables[0].notes, "Another note."]), *tables[1:]]
    assert tables_again(tmp_path, changed) == 2, "the table, and all of them together"
    (tmp_path / f"tables/{tables[1].name}.xlsx").write_bytes(b"")
    assert tables_again(tmp_path, tables) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_asked_for_twice_is_made_once(exhibits, workers):
    works = [figure_work(exhibit, FORMATS) for exhibit in exhibits]
    kept = Drawn(MADE_WITH)
    with making(workers, kept) as made:
        made.begin(works)
        assert all(made.files(work) is made.files(work) for work in works)
    assert kept.again == len(works)
