"""What the words mean: variables, conditions, time points, instruments, as YAML and as records."""

from ipdma.codebook.load import Codebook, load_codebook
from ipdma.codebook.read_crosswalk import Crosswalk
from ipdma.codebook.records import Band, Instrument, Number, Range, Rule, Scoring, Term, Variable

__all__ = [
    "Band",
    "Codebook",
    "Crosswalk",
    "Instrument",
    "Number",
    "Range",
    "Rule",
    "Scoring",
    "Term",
    "Variable",
    "load_codebook",
]
