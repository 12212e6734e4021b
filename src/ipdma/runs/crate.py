"""The description of a shared folder as an RO-Crate: what each file is, how large, and its digest.

RO-Crate 1.1 (Sefton and others 2021, https://w3id.org/ro/crate/1.1), written as plain JSON-LD.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ipdma import __version__

METADATA = "ro-crate-metadata.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
FORMATS = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".html": "text/html",
    ".md": "text/markdown",
}


def crate_text(files: Mapping[str, bytes], title: str, about: str, facts: Mapping[str, str]) -> str:
    """The metadata file of a folder.

    Parameters
    ----------
    files : mapping of str to bytes
        Every file of the folder but this one, by name.
    title, about : str
        What the folder is.
    facts : mapping of str to str
        `published` (a date) and `license`, as far as the plan gives them.
    """
    named = {"datePublished": facts.get("published"), "license": facts.get("license")}
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": about,
        **{key: value for key, value in named.items() if value},
        "hasPart": [{"@id": name} for name in sorted(files)],
    }
    about_itself = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    graph = [
        about_itself,
        root,
        *(file_entity(name, files[name]) for name in sorted(files)),
        *made_with(files),
    ]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def file_entity(name: str, content: bytes) -> dict[str, Any]:
    """One file of the folder."""
    ending = name[name.rfind(".") :]
    return {
        "@id": name,
        "@type": "File",
        "name": name.rpartition("/")[2],
        "encodingFormat": FORMATS.get(ending, "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def made_with(files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """The program and what it did."""
    program = {"@id": "#ipdma", "@type": "SoftwareApplication", "name": "ipdma", "version": __version__}
    yield {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "The run that left this folder",
        "instrument": {"@id": "#ipdma"},
        "object": [{"@id": name} for name in sorted(files) if name == "plan.yaml"],
        "result": {"@id": "./"},
    }
    yield program


def crate_digests(text: str) -> dict[str, str]:
    """SHA-256 of each file that a metadata file names; ValueError, KeyError or TypeError where it is none."""
    graph = json.loads(text)["@graph"]
    return {str(own["@id"]): str(own["sha256"]) for own in graph if own.get("@type") == "File"}
