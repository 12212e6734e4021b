"""The examples of `docs/codebook.md` are read as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from ipdma.codebook import load_codebook

PAGE = Path(__file__).parents[2] / "docs" / "codebook.md"


def test_the_examples_make_a_codebook(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    instrument, variables, crosswalk = blocks
    (tmp_path / "instruments").mkdir()
    (tmp_path / "crosswalks").mkdir()
    (tmp_path / "instruments" / "mood8.yaml").write_text(instrument)
    (tmp_path / "variables.yaml").write_text(variables)
    (tmp_path / "crosswalks" / "c.yaml").write_text(crosswalk)
    codebook = load_codebook([tmp_path])
    assert {"hope", "religion"} <= set(codebook.variables)
