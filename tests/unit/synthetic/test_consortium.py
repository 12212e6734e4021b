"""The synthetic consortium: drawn as its truth says, written the same way twice, shaped like real uploads."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ipdma.codebook import load_codebook
from ipdma.errors import DataError, ReadError
from ipdma.synthetic.beside_truth import beside_truth
from ipdma.synthetic.consortium import draw_consortium
from ipdma.synthetic.effects import level_of, path_of
from ipdma.synthetic.expected import expected_terms
from ipdma.synthetic.expected_odds import expected_log_odds
from ipdma.synthetic.recovery import recover, tabulate_coverage
from ipdma.synthetic.trial import draw_trial
from ipdma.synthetic.truth import parse_truth, read_truth
from ipdma.synthetic.uploads import uploads_of
from ipdma.synthetic.write import folder_content

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "data" / "synthetic"


@pytest.fixture(scope="module")
def truth():
    return read_truth(FOLDER / "truth.yaml")


@pytest.fixture(scope="module")
def trials(truth):
    return {trial.study.name: trial for trial in draw_consortium(truth)}


def raw_truth():
    return yaml.safe_load((FOLDER / "truth.yaml").read_text(encoding="utf-8"))


class TestTruth:
    def test_enough_trials_of_each_contrast(self, truth):
        needed = {"stpp_control": 11, "combined_antidepressant": 7, "stpp_antidepressant": 4}
        assert {name: len(truth.trials_of(name)) for name in truth.effects} == needed

    def test_shapes_of_the_published_trials(self, truth):
        sizes = [n for study in truth.studies.values() for n in study.arms.values()]
        assert (min(sizes), max(sizes)) == (8, 90)
        assert len({name for study in truth.studies.values() for name in study.instruments}) >= 9
        assert set(truth.studies["GB-B"].arms.values()) == {72, 48, 24}  # 3:2:1
        assert sum(len(study.arms) > 2 for study in truth.studies.values()) >= 5
        in_several = [
            name for name in truth.studies if sum(name in truth.trials_of(c) for c in truth.effects) > 1
        ]
        assert in_several == ["US-A", "MX-A"]
        formats = {study.file["format"] for study in truth.studies.values()}
        assert formats == {"csv", "xlsx", "sav", "dta", "harmonised"}

    def test_published_headlines(self, truth):
        assert truth.effects["stpp_control"].mean["post"] == -0.62
        assert truth.effects["combined_antidepressant"].mean == {"post": -0.26, "follow_up": -0.50}
        assert truth.effects["stpp_antidepressant"].mean == {"post": 0.28, "follow_up": 0.0}

    def test_expected_values_repeat_the_effects(self, truth):
        stated = raw_truth()["expected"]
        computed = expected_terms(truth)
        assert [tuple(row[key] for key in computed.columns) for row in stated] == list(
            computed.itertuples(index=False, name=None)
        )

    def test_ranges_are_the_codebooks(self, truth):
        for name, scale in truth.instruments.items():
            scoring = load_codebook().instruments[name].scoring(scale.scoring)
            assert scoring.range.bounds == scale.range, name
            assert scale.step < 1 or scoring.integer, name

    def test_all_faults_at_once(self):
        raw = raw_truth()
        raw["sead"] = 1
        raw["studies"]["US-A"]["instruments"] = ["hamd71"]
        del raw["noise"]
        with pytest.raises(DataError, match=r"(?s)'sead'; did you mean 'seed'.*'noise' is missing"):
            parse_truth(raw, "truth.yaml")
        del raw["sead"]
        raw["noise"] = raw_truth()["noise"]
        raw["studies"]["GB-C"]["duration"] = [0.5, 0.4, 0.3]
        with pytest.raises(DataError, match=r"(?s)did you mean 'hamd17'.*GB-C.*1\.2, not 1"):
            parse_truth(raw, "truth.yaml")

    def test_a_truth_that_is_not_there(self, tmp_path):
        with pytest.raises(ReadError, match="--truth"):
            read_truth(tmp_path / "truth.yaml")


class TestEffects:
    def test_arms_differ_by_their_contrast(self, truth):
        assert path_of(truth, "stpp", "placebo") == {"stpp_control": 1.0}
        assert path_of(truth, "stpp", "antidepressant") == {"stpp_antidepressant": 1.0}
        assert path_of(truth, "combined", "antidepressant_supportive") == {"combined_antidepressant": 1.0}
        assert path_of(truth, "waitlist", "tau") == {}

    def test_levels_add_up(self, truth):
        assert level_of(truth, "placebo", "post") == pytest.approx(-0.60)
        assert level_of(truth, "antidepressant", "post") == pytest.approx(-0.60 - 0.62 - 0.28)
        assert level_of(truth, "combined", "follow_up") == pytest.approx(-1.00 - 0.21 - 0.0 - 0.50)


class TestDraws:
    def test_scores_are_whole_and_in_range(self, truth, trials):
        for trial in trials.values():
            for instrument, scores in trial.assessments.groupby("instrument")["score"]:
                low, high = truth.instruments[instrument].range
                assert scores.between(low, high).all()
                steps = scores / truth.instruments[instrument].step
                assert np.allclose(steps, steps.round(), atol=1e-6)

    def test_one_score_per_visit(self, trials):
        for trial in trials.values():
            keys = trial.assessments[["participant", "instrument", "timepoint"]]
            assert not keys.duplicated().any()

    def test_words_are_the_codebooks(self, trials):
        variables = load_codebook().variables
        for trial in trials.values():
            for name in trial.participants.columns.drop(["participant", "condition"]):
                known = variables[name]
                given = trial.participants[name].dropna()
                if known.type in ("category", "yes_no"):
                    assert set(given) <= set(known.levels or ("yes", "no")), name
                if known.type == "number":
                    assert given.map(known.range.contains).all(), name

    def test_the_same_seed_draws_the_same(self, truth, trials):
        again = draw_trial(truth.studies["US-A"], truth, truth.seed)
        assert again.assessments.equals(trials["US-A"].assessments)
        other = draw_trial(truth.studies["US-A"], truth, truth.seed + 1)
        assert not other.assessments["score"].equals(again.assessments["score"])

    def test_a_trial_does_not_depend_on_its_neighbours(self, truth, trials):
        alone = replace(truth, studies={"NL-A": truth.studies["NL-A"]})
        assert draw_consortium(alone)[0].assessments.equals(trials["NL-A"].assessments)

    def test_waiting_lists_have_no_controlled_follow_up(self, trials):
        for name in ("SE-A", "IT-A"):
            late = trials[name].assessments.query("timepoint == 'follow_up'")["participant"]
            people = trials[name].participants
            assert "waitlist" not in set(people[people["participant"].isin(late)]["condition"])

    @pytest.mark.parametrize("name", ["US-A", "DE-A", "US-B", "NL-A", "NL-B"])
    def test_attrition_near_its_share(self, truth, name):
        study = truth.studies[name]
        big = replace(study, arms=dict.fromkeys(study.arms, 3000))
        trial = draw_trial(big, truth, 5)
        seen = trial.assessments.query("timepoint == 'post'")["participant"].nunique()
        assert 1 - seen / len(trial.participants) == pytest.approx(study.attrition["post"], abs=0.03)
        assert 0.2 < study.attrition["post"] < 0.3

    def test_losses_follow_what_was_seen(self, truth):
        study = replace(truth.studies["DE-A"], arms={"stpp": 4000, "tau": 4000})
        scores = draw_trial(study, truth, 6).assessments.pivot_table(
            index="participant", columns="timepoint", values="score"
        )
        lost = scores["post"].isna()
        assert scores["baseline"][lost].mean() > scores["baseline"][~lost].mean() + 0.3

    def test_correlations_are_plausible(self, truth):
        study = replace(truth.studies["US-A"], arms=dict.fromkeys(truth.studies["US-A"].arms, 2000))
        wide = draw_trial(study, truth, 7).assessments.pivot_table(
            index="participant", columns=["instrument", "timepoint"], values="score"
        )
        r = wide.corr()
        for instrument in study.instruments:
            assert 0.2 < r.loc[(instrument, "baseline"), (instrument, "post")] < 0.8
        for when in ("baseline", "post"):
            assert r.loc[("hamd17", when), ("bdi2", when)] > 0.3


class TestRecoveryOfOneTrial:
    """Least squares on a huge trial finds what was put in (no engine of the package takes part)."""

    @pytest.fixture(scope="class")
    @staticmethod
    def huge(truth):
        still = {k: replace(e, tau={"post": 0.0, "follow_up": 0.0}) for k, e in truth.effects.items()}
        study = replace(
            truth.studies["NL-A"],
            arms={"combined": 20000, "antidepressant": 20000},
            attrition={"post": 0.0, "follow_up": 0.0},
        )
        calm = replace(truth, effects=still, missing_values=0.0)
        return draw_trial(study, calm, 8)

    @pytest.mark.parametrize("time", ["post", "follow_up"])
    def test_effects_and_moderators(self, truth, huge, time):
        effect, study = truth.effects["combined_antidepressant"], huge.study
        own = huge.assessments.query("instrument == 'hamd17'")
        scores = own.pivot_table(index="participant", columns="timepoint", values="score")
        people = huge.participants.set_index("participant").loc[scores.index]
        sd = truth.instruments["hamd17"].sd
        z = (scores["baseline"] - scores["baseline"].mean()) / sd
        months = people["episode_duration_months"]
        middle = ((months >= 12) & (months < 24)) - study.duration[1]
        long = (months >= 24) - study.duration[2]
        t = (people["condition"] == "combined").astype(float)
        columns = [t * 0 + 1, t, z, middle, long, t * z, t * middle, t * long]
        beta = np.linalg.lstsq(np.column_stack(columns), scores[time] / sd, rcond=None)[0]
        assert beta[1] == pytest.approx(effect.mean[time], abs=0.03)
        assert beta[5] == pytest.approx(effect.severity[time], abs=0.03)
        assert beta[6] == pytest.approx(effect.chronicity[time][0], abs=0.08)
        assert beta[7] == pytest.approx(effect.chronicity[time][1], abs=0.08)


class TestFiles:
    def test_committed_files_are_what_is_drawn(self, truth, trials):
        for name, trial in trials.items():
            for file, content in folder_content(trial, truth).items():
                committed = (FOLDER / name / file).read_bytes()
                assert content_of(committed, file) == content_of(content, file), f"{name}/{file}"

    def test_no_other_file_lies_in_a_study_folder(self, truth, trials):
        for name, trial in trials.items():
            assert {p.name for p in (FOLDER / name).iterdir()} == set(folder_content(trial, truth))

    def test_every_folder_says_synthetic(self, truth):
        for name in truth.studies:
            assert (FOLDER / name / "README.txt").read_text(encoding="utf-8").startswith("SYNTHETIC")

    def test_small_enough_to_live_in_the_repository(self):
        assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) < 3_000_000

    def test_the_command_writes_the_same_bytes_at_another_time(self, tmp_path, truth):
        small = raw_truth()
        keep = ("US-A", "GB-C", "CL-A", "ES-A", "SE-A")  # one of each format
        small["studies"] = {name: small["studies"][name] for name in keep}
        (tmp_path / "truth.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
        for run in ("one", "two"):
            command = [sys.executable, "-m", "ipdma.synthetic", "--truth", "truth.yaml", "--out", run]
            subprocess.run([*command, "--registry", run], cwd=tmp_path, check=True, capture_output=True)
            time.sleep(1.1)  # .sav and .xlsx stamp seconds
        files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
        assert len(files) == 4 * 3 + 6 + 2
        for file in files:
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file

    def test_a_wrong_truth_writes_nothing(self, tmp_path):
        (tmp_path / "truth.yaml").write_text("seed: 1\n", encoding="utf-8")
        command = [sys.executable, "-m", "ipdma.synthetic", "--truth", "truth.yaml", "--out", "out"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "'studies' is missing" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()


class TestUploadsInMemory:
    def test_the_tables_of_a_harmonised_upload(self, truth, trials):
        uploads = uploads_of(list(trials.values()))
        assert sum(len(u.participants) for u in uploads) == sum(
            sum(s.arms.values()) for s in truth.studies.values()
        )
        text = (FOLDER / "FI-A" / "participants.csv").read_text(encoding="utf-8")
        mine = next(u for u in uploads if u.study["study"]["id"] == "FI-A")
        assert mine.participants.to_csv(index=False) == text


def content_of(raw: bytes, name: str):
    """Bytes; of a workbook its members, since another zlib may pack the same content differently."""
    if not name.endswith(".xlsx"):
        return raw
    with zipfile.ZipFile(BytesIO(raw)) as book:
        return {member.filename: (member.date_time, book.read(member)) for member in book.infolist()}


class TestBesideTruth:
    def test_only_main_rows_of_the_model(self, truth):
        row = {
            "analysis_id": "stpp_control.depression.post.primary.one",
            "contrast": "stpp_control",
            "outcome": "depression",
            "timepoint": "post",
            "model": "primary",
            "stage": "one",
            "moderator": None,
            "term": "treatment",
            "estimate": "-0.5",
            "ci_low": "-0.6",
            "ci_high": "-0.4",
            "k": "11",
            "n": "640",
        }
        variant = {
            **row,
            "analysis_id": "stpp_control.depression.post.primary.one.severity.naive",
            "moderator": "severity",
        }
        twin = {
            **row,
            "analysis_id": row["analysis_id"].replace("one", "two"),
            "stage": "two",
            "ci_low": "-0.7",
        }
        other = {**row, "model": "hksj"}
        table = beside_truth(pd.DataFrame([row, variant, twin, other]), truth)
        assert list(table["stage"]) == ["one", "two"]
        assert list(table["value"]) == [-0.62, -0.62]
        assert list(table["covered"]) == [False, True]

    def test_another_table(self, truth):
        with pytest.raises(DataError, match=r"estimates\.csv: no column"):
            beside_truth(pd.DataFrame({"estimate": ["1"]}), truth)


class TestRecovery:
    def test_a_consortium_is_drawn_and_fitted(self, truth):
        """The terms of contrasts that no trial holds stay without estimate."""
        small = replace(
            truth, studies={name: truth.studies[name] for name in ("CH-A", "IT-B", "IT-C", "NL-A")}
        )
        found = recover(small, [1])
        assert list(found["term"].unique()) == list(expected_terms(truth)["term"].unique())
        own = found[
            (found["contrast"] == "combined_antidepressant") & (found["moderator"] != "antidepressant")
        ]
        assert own["estimate"].notna().all()
        assert (own["ci_low"] < own["estimate"]).all()
        assert (own["estimate"] < own["ci_high"]).all()
        assert own.query("timepoint == 'post' and term == 'treatment'")["k"].eq(4).all()
        assert found[found["contrast"] != "combined_antidepressant"]["estimate"].isna().all()

    def test_coverage_is_counted(self):
        found = pd.DataFrame(
            {
                "contrast": "c",
                "timepoint": "post",
                "moderator": "",
                "term": "treatment",
                "df_method": "hksj",
                "value": -0.5,
                "estimate": [-0.4, -0.6, 0.1, np.nan],
                "std_error": 0.1,
                "ci_low": [-0.6, -0.8, -0.1, np.nan],
                "ci_high": [-0.2, -0.4, 0.3, np.nan],
                "k": 3,
            }
        )
        row = tabulate_coverage(found).iloc[0]
        assert row["fits"] == 3
        assert row["coverage"] == pytest.approx(2 / 3)
        assert row["rejected"] == pytest.approx(2 / 3)
        assert row["bias"] == pytest.approx(0.2)


class TestExpectedOdds:
    def test_stated_values_are_what_the_scores_imply(self, truth):
        small = replace(
            truth, studies={name: truth.studies[name] for name in truth.trials_of("stpp_antidepressant")}
        )
        found = expected_log_odds(small, 3000, seed=11, outcomes=("response",))
        mean = found.groupby(["contrast", "timepoint"])["log_odds_ratio"].mean()
        stated = {
            (row["contrast"], row["timepoint"]): row["value"]
            for row in raw_truth()["expected_log_odds"]
            if row["outcome"] == "response"
        }
        for point in ("post", "follow_up"):
            key = ("stpp_antidepressant", point)
            assert mean[key] == pytest.approx(stated[key], abs=0.12)


def test_a_truth_in_another_encoding_is_refused_in_words(tmp_path):
    path = tmp_path / "truth.yaml"
    path.write_bytes("title: für".encode("latin-1"))
    with pytest.raises(ReadError, match="UTF-8"):
        read_truth(path)
