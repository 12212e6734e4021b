"""A folder in which every example of `ipdma COMMAND --help` can be typed as it stands."""

import shutil

import openpyxl
import pandas as pd

from tests.builders.trials import PLAN, REPOSITORY, write_plan

INSTRUMENT = "moods"


def make_examples(folder, finished):
    """The files that the examples name; `finished` is the results folder of a finished run."""
    trial = folder / "trials" / "MUC2008"
    own = REPOSITORY / "data" / "synthetic" / "NL-A"
    trial.mkdir(parents=True)
    shutil.copy(own / "nl_a_SYNTHETIC.sav", trial / "muc2008.sav")
    mapping = (own / "study.yaml").read_text(encoding="utf-8")
    mapping = mapping.replace("nl_a_SYNTHETIC.sav", "muc2008.sav").replace("id: NL-A", "id: MUC2008")
    (trial / "study.yaml").write_text(mapping, encoding="utf-8")
    (trial / "codebook" / "instruments").mkdir(parents=True)
    text = (REPOSITORY / "src" / "ipdma" / "codebook" / "instruments" / "phq9.yaml").read_text(
        encoding="utf-8"
    )
    own_instrument = text.replace("phq9", INSTRUMENT)
    (trial / "codebook" / "instruments" / f"{INSTRUMENT}.yaml").write_text(own_instrument, encoding="utf-8")
    write_tables(folder)
    shutil.copytree(REPOSITORY / "config", folder / "config")
    combined = {"active": ["combined"], "reference": ["antidepressant"], "label": "Combined"}
    write_plan(folder / "plan.yaml", contrasts={**PLAN["contrasts"], "combined": combined})
    for name in ("results", "results.before", "other"):
        shutil.copytree(finished, folder / name)
    (folder / "key.txt").write_text("a key of the site's own", encoding="utf-8")


def write_tables(folder):
    """Rows, effects and raw files."""
    rows = pd.DataFrame(
        {"study": [f"S{i % 4}" for i in range(160)], "treat": [i // 4 % 2 for i in range(160)]}
    )
    rows["base"] = [15 + i * 7 % 11 for i in range(160)]
    rows["severity"] = [10 + i * 11 % 17 for i in range(160)]
    rows["post"] = rows["base"] - 3 * rows["treat"] + [i * 5 % 13 for i in range(160)]
    rows["response"] = (rows["post"] < rows["post"].median()).astype(int)
    rows.to_csv(folder / "rows.csv", index=False)
    (folder / "effects.csv").write_text(
        "study,yi,vi,logor,se\nA,-0.4,0.04,-0.4,0.2\nB,-0.1,0.05,-0.1,0.22\nC,-0.6,0.05,-0.6,0.23\n"
    )
    book = openpyxl.Workbook()
    book.active.title = "baseline"
    for row in (["id", "arm", "hamd_total_pre", "age"], [1, 1, 20, 40], [2, 2, 22, 37], [3, 1, 19, 51]):
        book.active.append(row)
    book.save(folder / "data.xlsx")
    (folder / "data.csv").write_text("id,arm,hamd17_pre,remarks,diary\n1,1,20,a,b\n2,2,19,c,d\n3,1,18,e,f\n")
