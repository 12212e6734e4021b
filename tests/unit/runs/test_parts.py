"""The analyses of the two jobs of a contrast, named without loading them."""

from ipdma.analysis.run import CELL_ANALYSES, TOGETHER
from ipdma.runs.parts import IMPUTED, analyses_of


def test_the_two_jobs_of_a_contrast_make_every_analysis_once_in_its_order():
    everything = [*CELL_ANALYSES, *TOGETHER]
    assert analyses_of("fit") == [name for name in everything if name not in IMPUTED]
    assert analyses_of("imputation") == [name for name in everything if name in IMPUTED]
