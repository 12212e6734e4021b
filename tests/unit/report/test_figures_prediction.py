"""The figure of predicted benefit."""

from tests.builders.prediction_material import prediction_material

from ipdma.report.figures_prediction import prediction_exhibits
from ipdma.report.ledger import Ledger


def test_a_line_for_each_duration_over_severity_beside_the_average():
    (exhibit,) = prediction_exhibits(prediction_material(), Ledger())
    figure = exhibit.draw()
    axes = figure.axes[0]
    lines = [line for line in axes.get_lines() if not line.get_label().startswith("_")]
    assert len(lines) == 3
    assert all(len(line.get_xdata()) == 25 for line in lines)
    assert axes.get_ylabel() == "Benefit, HAM-D points"
    assert axes.get_xlabel() == "Baseline severity, HAM-D points"
    average = next(line for line in axes.get_lines() if line.get_ydata()[0] not in (0, *lines[0].get_ydata()))
    assert lines[0].get_ydata().min() < average.get_ydata()[0] < lines[-1].get_ydata().max()
    assert "not of one person's" in exhibit.caption


def test_none_where_the_first_variable_has_no_scale_or_nothing_was_predicted():
    assert not list(prediction_exhibits(prediction_material(variables=["sex"]), Ledger()))
    assert not list(prediction_exhibits(prediction_material(variables=[]), Ledger()))
