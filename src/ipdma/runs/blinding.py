"""A blinded rehearsal: arms drawn anew inside each trial by a key that no file holds.

Which participant gets which arm depends on the key, the participants' names and the sizes of the arms, never
on the true arms, so that nothing downstream can. What would tell the arms is left out.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import os
from collections.abc import Mapping, Sequence

import yaml

from ipdma.errors import PlanError
from ipdma.site.harmonise import csv_bytes, json_bytes
from ipdma.site.harmonised import ACCOUNT, MISSING, MISSING_HEAD, PARTICIPANTS, TABLES, digest

BLIND_KEY = "IPDMA_BLIND_KEY"
TELLING = ("therapist", "sessions_attended")  # variables of one arm, or that follow from the arm
NOT_APPLICABLE = "not_applicable"  # what a trial says of a variable that part of its people cannot have


def blind_key() -> str:
    """The key from the environment.

    Raises
    ------
    PlanError
        Where there is none.
    """
    key = os.environ.get(BLIND_KEY, "")
    if not key:
        raise PlanError(
            f"blind: the plan asks for a blinded run, and the environment has no {BLIND_KEY}; set it "
            "to a secret that is kept from those who look at the results, as `export IPDMA_BLIND_KEY=...`"
        )
    return key


def blind_upload(content: Mapping[str, bytes], study: str, key: str) -> dict[str, bytes]:
    """An upload with its arms drawn anew, and without what would tell them.

    Parameters
    ----------
    content : mapping of str to bytes
        The files of a harmonised upload.
    study : str
        The trial's id.
    key : str
        As `blind_key` gives it.

    Returns
    -------
    dict of str to bytes
        The same files: arms by the key; `therapist`, `sessions_attended` and every variable that is not
        applicable to somebody as not collected; `study.yaml` without labels and sizes of arms, published
        numbers and confirmations.
    """
    people, missing = table(content[PARTICIPANTS]), table(content[MISSING])
    absent = {row["variable"] for row in missing if row["reason"] == NOT_APPLICABLE} | set(TELLING)
    drawn = draw_arms(
        [row["participant"] for row in people], [(r["arm"], r["condition"]) for r in people], study, key
    )
    for row in people:
        row["arm"], row["condition"] = drawn[row["participant"]]
        row.update({name: "" for name in absent if name in row})
    head = list(people[0])
    kept = [row for row in missing if row["variable"] not in absent]
    kept = [
        *(
            {"study": study, "participant": "", "variable": n, "reason": "not_collected"}
            for n in head
            if n in absent
        ),
        *kept,
    ]
    files = dict(content)
    files[PARTICIPANTS] = csv_bytes(head, ([row[name] for name in head] for row in people))
    files[MISSING] = csv_bytes(MISSING_HEAD, ([row[name] for name in MISSING_HEAD] for row in kept))
    files["study.yaml"] = blind_words(content["study.yaml"])
    account = json.loads(content[ACCOUNT])
    files[ACCOUNT] = json_bytes({**account, "digest": digest([files[name] for name in TABLES])})
    return files


def table(content: bytes) -> list[dict[str, str]]:
    """The rows of one table of an upload."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def draw_arms(
    names: Sequence[str], arms: Sequence[tuple[str, str]], study: str, key: str
) -> dict[str, tuple[str, str]]:
    """By participant an arm with its condition; each arm keeps its size.

    Participants stand in the order of their keyed digests (HMAC-SHA256), arms in that of their names.
    """

    def place(name: str) -> str:
        return hmac.new(key.encode(), f"{study}\n{name}".encode(), hashlib.sha256).hexdigest()

    return dict(zip(sorted(names, key=place), sorted(arms), strict=True))


def blind_words(content: bytes) -> bytes:
    """`study.yaml` without what was said of single arms."""
    own = yaml.safe_load(content)
    arms = {name: {"condition": arm["condition"]} for name, arm in own["arms"].items()}
    kept = {"ipdma_study": "1", "study": own["study"], "source": own["source"], "arms": arms}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=110).encode()
