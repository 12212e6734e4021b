"""Damaged inputs of every command end in an exit status and a sentence, with nothing half-written."""

import contextlib
import io

import pytest
from tests.builders.fuzzing import fuzz, judge_left, names_near, run_limited
from tests.builders.scenes import make_scenes

from ipdma.cli import COMMANDS

ON_RUNS = {"compare", "unblind"}  # need a finished run; verify and disclose have other scenes too


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Good inputs of the commands that need no run."""
    top = tmp_path_factory.mktemp("fuzz")
    with contextlib.redirect_stdout(io.StringIO()):
        return top, make_scenes(top)


def test_the_good_inputs_are_good(scenes, monkeypatch):
    top, found = scenes
    monkeypatch.chdir(top)
    for scene in found:
        before = names_near(top, scene)
        status, said = run_limited(scene)
        assert judge_left(top, scene, status, before) == "0", (scene, said)
    assert {scene.command for scene in found} == {*COMMANDS, "bundle show", "plan", "share"} - ON_RUNS


def test_a_few_hundred(scenes):
    top, found = scenes
    for outcome in fuzz(top, found, 7, range(300)):
        assert outcome.is_good, outcome


@pytest.mark.slow
def test_twenty_thousand(tmp_path, finished, rehearsed):
    with contextlib.redirect_stdout(io.StringIO()):
        found = make_scenes(tmp_path, finished, rehearsed)
    assert {scene.command for scene in found} == {*COMMANDS, "bundle show", "plan", "share"}
    bad = [o for o in fuzz(tmp_path, found, 20260101, range(20_000)) if not o.is_good]
    assert not bad, bad[:5]
