"""A fitting job that would read what it read before takes its files; with one byte changed it does not."""

import io
import json
from types import SimpleNamespace

import pytest

from ipdma.runs.jobs import Desk
from ipdma.runs.whole import digest_read, keep_whole, take_whole
from ipdma.writing import write_file

PEOPLE = """\
study,participant,condition,age
A,1,stpp,30
A,2,tau,40
B,1,stpp,31
B,2,waitlist,41
C,1,tau,32
"""
CONTRASTS = {
    "main": {"active": ["stpp"], "reference": ["tau"]},
    "other": {"active": ["stpp"], "reference": ["waitlist"]},
}


def work_of(folder, contrast, everyone=False, people=PEOPLE, recipe="1", cells=(("y", "post", ""),)):
    """What a fitting job gets, with its files written anew."""
    write_file(folder / "participants.csv", people)
    write_file(folder / "participants.json", "{}")
    write_file(folder / contrast / "rows.csv", "y\n1\n")
    write_file(folder / contrast / "types.json", json.dumps({"cells": cells}))
    params = SimpleNamespace(
        recipe={"code": recipe},
        everyone=everyone,
        plan={"contrasts": CONTRASTS},
        rows=str(folder / contrast),
        participants=str(folder / "participants"),
        uploads=[str(folder / "A")],
    )
    return SimpleNamespace(params=params, wildcards=SimpleNamespace(contrast=contrast))


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("A,1,stpp,30", "A,1,stpp,29", {"main"}),
        ("B,2,waitlist,41", "B,2,waitlist,42", {"other"}),
        ("C,1,tau,32", "C,1,tau,33", set()),  # a trial with one side of it is in no contrast
        ("C,1,tau,32", "D,1,tau,32", {"main", "other", "network"}),  # which trials there are
        ("C,1,tau,32", "C,1,stpp,32\nC,2,tau,1", {"main"}),
    ],
)
def test_a_contrast_reads_its_own_people_and_which_trials_there_are(tmp_path, old, new, changed):
    later = PEOPLE.replace(old, new)
    names = ("main", "other", "network")

    def digests(people, everyone=False):
        return [digest_read(work_of(tmp_path, name, everyone, people)) for name in names]

    pairs = zip(names, digests(PEOPLE), digests(later), strict=True)
    assert {name for name, before, after in pairs if before != after} == changed
    assert not set(digests(PEOPLE, True)) & set(digests(later, True))


def test_a_contrast_without_rows_counts_and_so_reads_everyone(tmp_path):
    later = PEOPLE.replace("B,2,waitlist,41", "B,2,waitlist,42")
    before, after = (digest_read(work_of(tmp_path, "main", people=p, cells=())) for p in (PEOPLE, later))
    assert before != after


def test_a_changed_recipe_row_or_bundle_is_read(tmp_path):
    work = work_of(tmp_path, "main")
    before = digest_read(work)
    assert digest_read(work_of(tmp_path, "main", recipe="2")) != before
    write_file(tmp_path / "main" / "rows.csv", "y\n2\n")
    assert digest_read(work) != before
    write_file(tmp_path / "main" / "rows.csv", "y\n1\n")
    assert digest_read(work) == before
    write_file(tmp_path / "A" / "bundle.json", "{}")
    assert digest_read(work) != before


@pytest.fixture
def made(tmp_path):
    """A results folder in which a job made a file and said a line."""
    desk = desk_of(tmp_path)
    desk.put("private/parts/main/counts.csv", "n\n3\n")
    desk.say("analysing")
    keep_whole(desk, "read")
    desk.commit()
    return tmp_path, desk


def desk_of(folder):
    """The desk of one job."""
    return Desk(folder / "private/stamps/fit/main.json", "main", io.StringIO())


def test_files_and_words_are_those_of_the_earlier_run(made, capsys):
    folder, earlier = made
    desk = desk_of(folder)
    assert take_whole(desk, "read")
    assert desk.files == earlier.files
    assert desk.stream.getvalue() == earlier.stream.getvalue() == "analysing\n"


@pytest.mark.parametrize("spoilt", ["private/parts/main/counts.csv", "private/whole/fit/main.json"])
@pytest.mark.parametrize("text", ["", "{}", "[]", None])
def test_a_file_that_is_not_as_it_was_left_is_made_again(made, spoilt, text, capsys):
    folder, _ = made
    if text is None:
        (folder / spoilt).unlink()
    else:
        write_file(folder / spoilt, text)
    desk = desk_of(folder)
    assert not take_whole(desk, "read")
    assert not desk.files


def test_another_reading_takes_nothing(made, capsys):
    desk = desk_of(made[0])
    assert not take_whole(desk, "another")
    assert (desk.files, desk.said) == ({}, [])
