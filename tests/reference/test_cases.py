"""The reference cases beside the repository, through the command line, as their own runner runs them."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "names",
    [
        ("pool-",),
        ("fit-", "aggregation-", "moderator-"),
        ("hamd17", "ipd-", "nhanes2", "sleepstudy", "three-level"),
        ("cbpp", "binary", "prien"),
        ("btheb", "visits"),
    ],
    ids=lambda names: names[0].rstrip("-"),
)
def test_reference_cases_pass(shared, names):
    runner = shared / "reference" / "run_cases.py"
    done = subprocess.run([sys.executable, str(runner), *names], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout
