"""A figure is drawn again where its content, its format or its file changed, and only there."""

from dataclasses import replace

import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.drawn import Drawn
from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger
from ipdma.report.render import draw_all

FORMATS = {True: ["svg", "png"], False: ["svg"]}
MADE_WITH = {"code": "c"}


@pytest.fixture(scope="module")
def exhibits():
    return list_exhibits(mock_material(3), Ledger())[:3]


@pytest.fixture
def folder(exhibits, tmp_path):
    """Three figures as a run leaves them, and what it keeps of them."""
    kept = Drawn(MADE_WITH)
    for exhibit, files in draw_all(exhibits, FORMATS, 1, kept):
        for kind, content in files:
            if kind != "page":
                (tmp_path / f"{exhibit.name}.{kind}").write_bytes(content)
    (tmp_path / "kept.json").write_text(kept.text(), encoding="utf-8")
    return tmp_path


def drawn_again(folder, exhibits, formats=FORMATS, made_with=MADE_WITH):
    """How many figures are drawn in a second run, whose files are those of a run from nothing."""
    kept = Drawn(made_with, (folder / "kept.json").read_text(encoding="utf-8"), folder)
    again, anew = list(draw_all(exhibits, formats, 1, kept)), Drawn(made_with)
    assert again == list(draw_all(exhibits, formats, 1, anew))
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
    (folder / f"{exhibits[1].name}.svg").write_bytes(b"<svg/>")
    (folder / f"{exhibits[2].name}.svg").unlink()
    assert drawn_again(folder, exhibits) == 2
