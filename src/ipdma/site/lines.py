"""Where in study.yaml an entry stands: its line, found only once a finding asks for it."""

from __future__ import annotations

import re
from functools import cached_property

import yaml

from ipdma.site.findings import Finding, Findings

STUDY_YAML = "study.yaml"
SEVERAL = re.compile(r"\.\.|,")
LONGEST_NAME = 2_000
BESIDE = re.compile(r" \(column .*?\)(?=[,.]|\Z)")


class Lines:
    """The lines of a YAML document by the path of each entry, as findings write it (`variables.sex`)."""

    def __init__(self, root: yaml.Node | None) -> None:
        self.root = root

    @cached_property
    def places(self) -> dict[str, int]:
        """Line of every key and entry of a list, counted from 1."""
        found: dict[str, int] = {}
        todo = [("", self.root)]
        while todo:
            path, node = todo.pop()
            if isinstance(node, yaml.MappingNode):
                inside = [(f"{path}.{key.value}", key, value) for key, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                inside = [(f"{path}.{n}", value, value) for n, value in enumerate(node.value, start=1)]
            else:
                continue
            for place, mark, value in inside:
                found.setdefault(place, mark.start_mark.line + 1)
                todo.append((place, value))
        return found

    @cached_property
    def columns(self) -> dict[str, int]:
        """First line on which each word stands as a value of `variables` or `assessments`."""
        found: dict[str, int] = {}
        parts = self.root.value if isinstance(self.root, yaml.MappingNode) else []
        todo = [value for key, value in parts if key.value in ("variables", "assessments", "source")]
        while todo:
            node = todo.pop()
            if isinstance(node, yaml.ScalarNode):
                line = node.start_mark.line + 1
                cut = SEVERAL.split(node.value) if len(node.value) < LONGEST_NAME else []
                for word in {node.value, *cut}:
                    found[word.strip()] = min(line, found.get(word.strip(), line))
            else:
                todo += [v[1] if isinstance(v, tuple) else v for v in node.value]
        return found

    def of(self, where: str) -> int | None:
        """The line of the entry that a finding names, or of the nearest part of study.yaml around it."""
        path = "." + BESIDE.sub("", where).replace(", entry ", ".").replace(", ", ".")
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return None

    def of_finding(self, finding: Finding) -> int | None:
        """The line that a finding is about."""
        if finding.name == "unknown_column":
            return self.columns.get(finding.said["word"])
        where = finding.said.get("where", "")
        if finding.name == "unknown_key":
            inside = where if where != STUDY_YAML else ""
            return self.of(f"{inside}.{finding.said['word']}".lstrip("."))
        return self.of(where) if where else None


def locate(findings: Findings, lines: Lines) -> None:
    """Give every finding about study.yaml its line."""
    for finding in findings.all:
        if finding.file == STUDY_YAML and (line := lines.of_finding(finding)) is not None:
            finding.said["line"] = str(line)
