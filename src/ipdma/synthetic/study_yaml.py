"""The study.yaml of a drawn trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ipdma.synthetic.present import Presented
from ipdma.synthetic.published import published_block
from ipdma.synthetic.sheet import arm_labels
from ipdma.synthetic.trial import Trial
from ipdma.synthetic.truth import StudyTruth

HEAD = (
    "# SYNTHETIC: drawn by ipdma.synthetic from data/synthetic/truth.yaml; no person stands behind any row.\n"
)


class Dumper(yaml.SafeDumper):
    """Block style, except that a mapping without mappings inside stays on one line."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        flat = not any(isinstance(v, Mapping | list) for v in dict(mapping).values())
        return super().represent_mapping(tag, mapping, flow_style=flat)

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        flat = not any(isinstance(v, Mapping | list) for v in sequence)
        return super().represent_sequence(tag, sequence, flow_style=flat)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def to_yaml(content: Mapping[str, Any]) -> str:
    """YAML text in the order of the mapping."""
    return yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


def arms_block(study: StudyTruth) -> dict[str, Any]:
    """Every arm with its condition, label and number randomised."""
    labels = (
        arm_labels(study)
        if "language" in study.file
        else {name: name.replace("_", " ") for name in study.arms}
    )
    return {
        name: {"condition": name, "label": labels[name], "randomised": study.randomised.get(name, n)}
        for name, n in study.arms.items()
    }


def study_block(study: StudyTruth) -> dict[str, Any]:
    """Identity of the trial."""
    total = sum(study.randomised.get(name, n) for name, n in study.arms.items())
    return {"id": study.name, "country": study.country, "year": study.year, "randomised": total}


def source_block(study: StudyTruth, file_name: str, shown: Presented) -> dict[str, Any]:
    """Where the data are and how they are laid out; encoding and signs are left to be found."""
    source: dict[str, Any] = {"file": file_name}
    if study.file.get("birth_dates"):
        source["dates"] = "DMY"
    source["layout"] = study.file["layout"]
    return source | shown.source


def study_yaml(trial: Trial, file_name: str, shown: Presented, uncollected: list[str]) -> str:
    """Text of the study.yaml that maps this trial's file."""
    study = trial.study
    variables = dict(shown.sheet.variables)
    variables |= {name: {"not_collected": "not recorded in this trial"} for name in uncollected}
    content: dict[str, Any] = {
        "ipdma_study": 1,
        "study": study_block(study),
        "source": source_block(study, file_name, shown),
        "arms": arms_block(study),
        "variables": variables,
        "assessments": shown.assessments,
    }
    return HEAD + to_yaml(content | extra_blocks(trial))


def extra_blocks(trial: Trial) -> dict[str, Any]:
    """`published` and `confirmed` where the truth asks for them."""
    blocks: dict[str, Any] = {}
    if trial.study.file.get("published"):
        blocks["published"] = published_block(trial)
    if trial.study.file.get("confirmed"):
        blocks["confirmed"] = [dict(entry) for entry in trial.study.file["confirmed"]]
    return blocks
