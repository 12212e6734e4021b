"""What ties counts to each other."""

from __future__ import annotations

from ipdma.disclosure.cells import LEAF, ROW, Cell, Reader
from ipdma.disclosure.ties import Tie, Ties

PLAN = {"models": {"primary": {}}, "moderators": {"sex": {}}, "minimum_cell": 10}
TREE = "main.depression.post.tree.one"


def test_the_leaves_of_a_tree_are_tied_to_every_node_above_them():
    reader = Reader.of_plan(PLAN)
    rows = [
        {"what": "tree_node", "arm": arm, "level": path, "n": n}
        for path, numbers in {
            "sex: male": (18, 2),
            "sex: female & age: old": (30, 31),
            "sex: female & age: young": (40, 41),
        }.items()
        for arm, n in zip(("active", "reference"), numbers, strict=True)
    ]
    rows.append({"what": "tree_split", "arm": "", "level": "sex: female", "n": 142})
    stated = {}
    for row in rows:
        stated[reader.places("counts", {"analysis_id": TREE, "study": "", "of": "162", **row})["n"]] = row[
            "n"
        ]
    estimate = {"analysis_id": TREE, "level": "sex: male"}
    stated[reader.places("estimates", estimate)["n"]] = 20
    stated[Cell(TREE, "", "", ROW, "(fitted)")] = 162
    ties = {tie.whole: tie for tie in Ties(stated).ties}
    male = Cell(TREE, "", "", LEAF, "sex: male")
    assert ties[male] == Tie(male, (male.but(arm="active"), male.but(arm="reference")))
    assert sum(stated[c] for c in ties[male.but(level="sex: female")].parts) == 142
    assert sum(stated[c] for c in ties[Cell(TREE, "", "", ROW, "(fitted)")].parts) == 162
