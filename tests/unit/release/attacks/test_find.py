"""What a column measures, by which columns of two blocks are told to be one."""

from dataclasses import replace

from tests.builders.bundles import small_bundle

from ipdma.bundle.records import BEND, Column
from ipdma.release.attacks.find import column_key


def test_each_bend_of_a_curve_is_a_column_of_its_own():
    """Also beside events, whose rows have no scale; a variable's bends are one on every scale."""
    scored = small_bundle().blocks[0]
    bends = [Column(f"moderator.age.s{j}", "age", BEND) for j in (2, 3)]
    keys = [column_key(block, own) for block in (scored, replace(scored, scale=None)) for own in bends]
    assert keys[:2] == keys[2:]
    assert len(set(keys)) == 2
