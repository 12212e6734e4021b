"""Aggregate results whose condition nobody knows are said before a job starts."""

from ipdma.codebook import load_codebook
from ipdma.plan import Plan
from ipdma.runs.registry import aggregate_faults

PLAN = {"studies": "here", "contrasts": {"one": {"active": ["stpp"], "reference": ["tau", "waitlist"]}}}
HEAD = "study\tcontrast\toutcome\ttimepoint\testimate\tstd_error\tactive\treference\n"


def test_a_condition_of_a_published_arm_is_one_of_the_codebook(tmp_path):
    path = tmp_path / "aggregate.tsv"
    path.write_text(
        f"{HEAD}A\tone\tdepression\tpost\t-0.2\t0.1\t\twaitlst\nB\tone\tdepression\tpost\t-0.2\t0.1\t\t\n"
    )
    (fault,) = aggregate_faults(path, Plan.from_mapping(PLAN), load_codebook())
    assert "study 'A': reference: the codebook has no condition 'waitlst'; did you mean 'waitlist'?" in fault
