"""What a cluster is sent: each submitted rule sets its memory, and the page and the profile name it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
LOCAL = re.search(r"localrules:\n((?: +\w+,\n)+)", (ROOT / "workflow/Snakefile").read_text("utf-8"))[1]
BODIES = {
    found["name"]: (found["base"], found["body"])
    for found in re.finditer(
        r"^(?:use rule (?P<base>\w+) as |rule )(?P<name>\w+)(?: with)?:\n(?P<body>(?:(?: .*)?\n)+)",
        RULES,
        re.M,
    )
}
SUBMITTED = sorted(set(BODIES) - set(re.findall(r"\w+", LOCAL)))


def test_the_rules_are_found():
    assert {"fit", "impute", "share", "harmonise"} <= set(BODIES)
    assert len(BODIES) == len(re.findall(r"^(?:use )?rule ", RULES, re.M))
    assert "harmonise" not in SUBMITTED


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_submitted_rule_has_more_memory_at_each_attempt_and_is_named(name):
    base, own = BODIES[name]
    while base and "mem_mb" not in own:
        base, own = BODIES[base]
    assert "mem_mb=lambda wildcards, attempt: 2000 * attempt," in own
    assert f"`{name}`" in (ROOT / "docs/cluster.md").read_text("utf-8")
    head = (ROOT / "profiles/slurm/config.yaml").read_text("utf-8").partition("executor:")[0]
    assert re.search(rf"submitted are .*\b{name}\b", head, re.S)
