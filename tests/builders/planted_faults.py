"""A ledger of planted faults in clean studies, wide and long."""

from __future__ import annotations

from tests.builders.upload_builder import Study

CLEAN_NOTES = {"column_unused"}


def plant_wide(study: Study) -> None:
    """More than 150 faults of more than 25 kinds, each kind on rows of its own."""
    row = iter(range(2, 502))
    for cell in ("l2", "k.A.", "1O", "missing", "?") * 2:
        study.plant("not_a_number", "hamd17", "ham6", next(row), cell)
    for cell in ("14 pts", "10-12"):
        study.plant("range_for_number", "hamd17", "ham6", next(row), cell)
    for cell in ("12,5", "8,0", "10,5"):
        study.plant("decimal_sign", "bdi2", "bdi6", next(row), cell)
    for cell in ("12,25", "3,5"):
        study.plant("decimal_sign", "episode_duration_months", "dur", next(row), cell)
    for cell in ("53", "99", "999", "-1", "-9", "88", "210"):
        study.plant("out_of_range", "hamd17", "ham0", next(row), cell)
    for cell in ("64", "100", "-2"):
        study.plant("out_of_range", "bdi2", "bdi6", next(row), cell)
    for cell in ("4", "9", "-1", "33"):
        study.plant("out_of_range", "phq9", "phq4", next(row), cell)
    for cell in ("0.5", "2.5"):
        study.plant("not_whole", "phq9", "phq7", next(row), cell)
    for cell in ("250", "-4", "121"):
        study.plant("out_of_range", "age_at_onset", "onset", next(row), cell)
    for cell in ("3", "0", "7", "male", "x", "12") * 2:
        study.plant("unlisted_code", "sex", "sex", next(row), cell)
    for cell in ("2", "y", "nee") * 2:
        study.plant("unlisted_code", "dropout", "drop", next(row), cell)
    for cell in ("3", "0", "stpp", "C"):
        study.plant("unlisted_code", "arm", "grp", next(row), cell)
    for _ in range(4):
        study.plant("arm_empty", "arm", "grp", next(row), " ")
    for _ in range(4):
        study.plant("participant_missing", "participant", "id", next(row), "")
    for _ in range(4):
        first, second = next(row), next(row)
        study.plant("participant_repeated", "participant", "id", second, study.get(first, "id"))
        study.ledger.add(("participant_repeated", "participant", "id", first))
    for _ in range(3):
        first, second = next(row), next(row)
        study.plant("participant_case", "participant", "id", second, study.get(first, "id").lower())
        study.ledger.add(("participant_case", "participant", "id", first))
    for cell in ("31-02-2010", "2010-13-01", "12-30-2010", "1-1-10", "spring 2010", "00-05-2010") * 2:
        study.plant("impossible_date", "age", "entry", next(row), cell)
    for cell in ("40210", "40555", "40900"):
        study.plant("excel_day", "age", "entry", next(row), cell)
    for _ in range(4):
        at = next(row)
        study.put(at, "born", "01-01-2015")
        study.put(at, "onset", "")
        study.ledger.add(("dates_out_of_order", "age", "born, entry", at))
    for _ in range(3):
        at = next(row)
        study.put(at, "onset", "")
        study.put(at, "born", "01-01-1900")
        study.ledger.add(("implausible", "age", "born, entry", at))
    for cell in ("2.5", "0.1"):
        study.plant("not_whole", "previous_episodes", "prev", next(row), cell)
    for cell in ("45", "60"):
        study.plant("implausible", "previous_episodes", "prev", next(row), cell)
    for _ in range(3):
        study.plant("looks_missing", "sessions_attended", "sess", next(row), "99")
    for _ in range(3):
        study.plant("looks_missing", "sessions_attended", "sess", next(row), "88")
    for cell in ("10.5", "7.25", "20.9"):
        study.plant("non_integer_total", "hamd17", "ham6", next(row), cell)
    for _ in range(5):
        at = next(row)
        total = int(study.get(at, "phq_t0"))
        study.plant("total_not_sum", "phq9", "phq_t0", at, str(total + 1 if total < 27 else total - 1))
    for _ in range(4):
        at = next(row)
        for item in ("phq1", "phq2", "phq3"):
            study.put(at, item, "")
        study.put(at, "phq_t0", "")
        study.ledger.add(("score_not_computed", "phq9", "phq1..phq9", at))
        study.ledger.add(("missing_score", "phq9", "phq_t0", at))
    for cell in ("", " ", "-99", "", "-99.0"):
        study.plant("missing_score", "hamd17", "ham6", next(row), cell)
    for cell in ("", "99", "-99"):
        study.plant("missing_score", "bdi2", "bdi6", next(row), cell)
    for cell in ("59", "58", "64"):
        study.plant("impossible_combination", "age_at_onset", "onset", at := next(row), cell)
        study.put(at, "born", "01-06-1980")
    for _ in range(4):
        study.plant("dropout_with_score", "dropout", "drop", next(row), "1")
    for _ in range(3):
        at = next(row)
        study.rows[at - 2] = study.rows[at - 2][:-1]
        study.ledger.add(("row_too_short", None, None, at))
    for _ in range(3):
        at = next(row)
        study.rows[at - 2] = [*study.rows[at - 2], "Jones", "Wxyz"]
        study.ledger.add(("row_too_long", None, None, at))
    plant_mapping(study)
    # not faults: listed missing codes, codes with white space or decimals, labels of arms untouched
    for column, cell in (
        ("sex", "9"),
        ("sex", " 2 "),
        ("sex", "1.0"),
        ("prev", "-8"),
        ("ham0", "-99"),
        ("grp", "1.0"),
    ):
        at = next(row)
        study.put(at, column, cell)
        if column == "grp":
            study.put(at, column, str(float(1 + (at - 2) % 2)))
        if column == "ham0":
            study.ledger.add(("missing_score", "hamd17", "ham0", at))


def plant_long(study: Study) -> None:
    """Faults that only a long file can have, and some that any has."""
    person = iter(range(170))

    def row_of(number: int, visit: int) -> int:
        return 2 + 4 * number + visit

    for cell in ("4", "99", "x", ""):
        at = row_of(next(person), 1)  # an ignored visit, so that no score is lost
        study.plant("unlisted_visit", "visit", "week", at, cell)
    for _ in range(5):
        number = next(person)
        other = "TAU" if study.get(row_of(number, 0), "treat") == "STPP" else "STPP"
        study.put(row_of(number, 2), "treat", other)
        study.ledger |= {("arm_changes", "arm", "treat", row_of(number, v)) for v in range(4)}
    for _ in range(5):
        number = next(person)
        other = "m" if study.get(row_of(number, 0), "sexe") == "v" else "v"
        study.put(row_of(number, 1), "sexe", other)  # on an ignored visit, which counts for this too
        study.ledger |= {("variable_changes", "sex", "sexe", row_of(number, v)) for v in range(4)}
    for _ in range(5):
        number = next(person)
        study.put(row_of(number, 3), "age", "18,5")
        study.put(row_of(number, 1), "age", "")
        study.ledger |= {("variable_changes", "age", "age", row_of(number, v)) for v in (0, 2, 3)}
    for _ in range(5):
        number = next(person)
        study.put(row_of(number, 1), "week", "16")
        study.ledger |= {("participant_repeated", "participant", "pat", row_of(number, v)) for v in (1, 2)}
    for cell in ("31.5", "24.0", "40.2"):
        number = next(person)
        for v in range(4):
            study.plant("decimal_sign", "age", "age", row_of(number, v), cell)
    for cell in ("61", "-1", "77"):
        study.plant("out_of_range", "madrs", "madrs", row_of(next(person), 2), cell)
    for cell in ("O", "12a"):
        study.plant("not_a_number", "hamd17", "ham", row_of(next(person), 3), cell)
    for cell in ("12,5", "7,5"):
        study.plant("non_integer_total", "hamd17", "ham", row_of(next(person), 3), cell)
    for _ in range(4):
        study.plant("missing_score", "hamd17", "ham", row_of(next(person), 2), "")
    for _ in range(3):
        number = next(person)
        for v in range(4):
            study.plant("arm_empty", "arm", "treat", row_of(number, v), "")
    for _ in range(3):
        study.plant("unlisted_code", "antidepressant_at_baseline", "ad", row_of(next(person), 1), "?")
    for _ in range(2):
        study.plant("participant_missing", "participant", "pat", row_of(next(person), 1), "")
    # not faults: a value on the first row alone, a participant on an ignored visit alone
    number = next(person)
    for v in (1, 2, 3):
        for column in ("age", "sexe", "ad", "treat"):
            study.put(row_of(number, v), column, "")


def plant_mapping(study: Study) -> None:
    """Faults of study.yaml and of whole columns."""
    mapping = study.mapping
    del mapping["variables"]["education"]
    study.ledger.add(("unmapped_variable", "education", None, 0))
    mapping["variables"]["chronic"] = {"from": "chron"}
    study.ledger.add(("unknown_column", "chronic", "chron", 0))
    mapping["variables"]["shoe_size"] = {"from": "site_note"}
    study.ledger.add(("unknown_variable", "shoe_size", None, 0))
    mapping["arms"]["tau"]["randomised"] = 400
    study.ledger.add(("count_disagrees", "arm", None, 0))
    mapping["published"] = {"arms": {"stpp": {"hamd17": {"baseline": {"mean": "11.2"}}}}}
    study.ledger.add(("published_disagrees", "hamd17", None, 0))
    study.header.append("surname")
    study.rows = [[*row, "Smith"] if len(row) == len(study.header) - 1 else row for row in study.rows]
    study.ledger.add(("identifying_unused", None, "surname", 0))
