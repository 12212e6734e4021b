"""What stands in a trial's files and on the machine that ran it, looked for in all that a run may share."""

import csv
import io
import re
import socket
import zipfile
from pathlib import Path

import pytest
from tests.builders.trials import REPOSITORY, WHO_RAN

TEXTS = {".py", ".yaml", ".html", ".css", ".js"}
OF_THE_MACHINE = {socket.gethostname(): "the machine", str(Path.home()): "the user's folder"}


def shareable(out):
    """Name and bytes of every shareable file; packed ones part by part."""
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if not path.is_file() or name.startswith("private/"):
            continue
        content = path.read_bytes()
        yield name, content
        if name.endswith((".xlsx", ".docx")):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                for part in packed.namelist():
                    yield f"{name}/{part}", packed.read(part)


def participants(folder):
    """Identifiers of the participants of all trials."""
    for path in (folder / "trials").glob("*/scores.csv"):
        with path.open(encoding="utf-8") as stream:
            yield from (row["id"] for row in csv.DictReader(stream, delimiter=";"))


def secrets_of(folder):
    """Words that nothing shareable may hold, by what they are."""
    found = {identifier: "a participant" for identifier in participants(folder)}
    found |= {"scores.csv": "the name of a trial's own file", str(folder): "where the run lay"}
    found |= {WHO_RAN: "the user"}
    said = b"".join(path.read_bytes() for path in (REPOSITORY / "src").rglob("*") if path.suffix in TEXTS)
    # a machine or a home may be named with a word of the report ("reader", "debian")
    found |= {place: what for place, what in OF_THE_MACHINE.items() if place.encode() not in said}
    return {word: what for word, what in found.items() if len(word) > 4}


def test_nothing_shareable_tells_a_participant_a_file_a_place_or_a_machine(finished):
    words = secrets_of(finished)
    assert len(words) > 20
    known = re.compile(b"|".join(re.escape(word.encode()) + rb"(?!\d)" for word in words))
    for name, content in shareable(finished / "out"):
        hit = known.search(content)
        assert hit is None, f"{name} tells {words[hit.group().decode()]}"


def test_they_are_where_they_belong(finished):
    # the search would find them: what is private holds the participants
    upload = finished / "out" / "private" / "harmonised" / "A"
    rows = (upload / "participants.csv").read_text(encoding="utf-8")
    assert all(f",{identifier}," in rows for identifier in participants(finished))


@pytest.mark.parametrize("name", ["private", "private/harmonised/A", "private/cohort", "private/stamps"])
def test_private_folders_are_their_owners_alone(finished, name):
    assert (finished / "out" / "private").stat().st_mode & 0o077 == 0
    for path in (finished / "out" / name).rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
