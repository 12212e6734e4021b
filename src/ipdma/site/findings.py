"""Findings: what is wrong, where, how often; their codes and grades. Words live in the message catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

MUST_FIX, PLEASE_CONFIRM, NOTE = "must_fix", "please_confirm", "note"
GRADES = (MUST_FIX, PLEASE_CONFIRM, NOTE)

CODES: dict[str, tuple[str, str]] = {
    # the mapping, judged without data
    "unknown_key": ("IPD-001", MUST_FIX),
    "bad_entry": ("IPD-002", MUST_FIX),
    "unknown_column": ("IPD-003", MUST_FIX),
    "unknown_instrument": ("IPD-004", MUST_FIX),
    "unknown_variable": ("IPD-005", MUST_FIX),
    "unknown_condition": ("IPD-006", MUST_FIX),
    "unknown_timepoint": ("IPD-007", MUST_FIX),
    "unknown_unit": ("IPD-008", MUST_FIX),
    "required_unmapped": ("IPD-009", MUST_FIX),
    "undeclared_arm": ("IPD-010", MUST_FIX),
    "unmapped_variable": ("IPD-011", PLEASE_CONFIRM),
    "unknown_word": ("IPD-012", MUST_FIX),
    "item_count": ("IPD-013", MUST_FIX),
    "assessment_twice": ("IPD-014", MUST_FIX),
    "column_twice": ("IPD-015", MUST_FIX),
    "weeks_missing": ("IPD-016", PLEASE_CONFIRM),
    "visits_out_of_order": ("IPD-017", PLEASE_CONFIRM),
    "code_twice": ("IPD-018", MUST_FIX),
    # cells
    "not_a_number": ("IPD-020", MUST_FIX),
    "decimal_sign": ("IPD-021", MUST_FIX),
    "unlisted_code": ("IPD-022", MUST_FIX),
    "unlisted_visit": ("IPD-023", MUST_FIX),
    "out_of_range": ("IPD-024", MUST_FIX),
    "impossible_date": ("IPD-025", MUST_FIX),
    "date_order": ("IPD-026", MUST_FIX),
    "not_whole": ("IPD-027", MUST_FIX),
    "excel_day": ("IPD-028", MUST_FIX),
    "row_too_long": ("IPD-029", MUST_FIX),
    "non_integer_total": ("IPD-030", PLEASE_CONFIRM),
    "implausible": ("IPD-031", PLEASE_CONFIRM),
    "looks_missing": ("IPD-032", PLEASE_CONFIRM),
    "total_not_sum": ("IPD-033", PLEASE_CONFIRM),
    "dates_out_of_order": ("IPD-034", PLEASE_CONFIRM),
    "row_too_short": ("IPD-035", PLEASE_CONFIRM),
    "count_disagrees": ("IPD-036", PLEASE_CONFIRM),
    "published_disagrees": ("IPD-037", PLEASE_CONFIRM),
    "account_disagrees": ("IPD-038", PLEASE_CONFIRM),
    "unlikely_combination": ("IPD-039", PLEASE_CONFIRM),
    # participants and arms
    "participant_missing": ("IPD-040", MUST_FIX),
    "participant_repeated": ("IPD-041", MUST_FIX),
    "participant_case": ("IPD-042", PLEASE_CONFIRM),
    "arm_empty": ("IPD-043", MUST_FIX),
    "arm_undeclared": ("IPD-044", MUST_FIX),
    "arm_changes": ("IPD-045", MUST_FIX),
    "arm_without_participants": ("IPD-046", PLEASE_CONFIRM),
    "variable_changes": ("IPD-047", MUST_FIX),
    "identifying_mapped": ("IPD-048", MUST_FIX),
    "impossible_combination": ("IPD-049", MUST_FIX),
    # harmonised uploads
    "wrong_study": ("IPD-050", MUST_FIX),
    "wrong_condition": ("IPD-051", MUST_FIX),
    "unknown_participant": ("IPD-052", MUST_FIX),
    "column_missing": ("IPD-053", MUST_FIX),
    "cell_empty": ("IPD-054", MUST_FIX),
    "missing_contradicts": ("IPD-055", MUST_FIX),
    "score_repeated": ("IPD-056", MUST_FIX),
    "no_scores": ("IPD-057", MUST_FIX),
    "no_rows": ("IPD-058", MUST_FIX),
    "valueless_formula": ("IPD-059", MUST_FIX),
    # notes
    "one_arm": ("IPD-060", NOTE),
    "missing_score": ("IPD-061", NOTE),
    "column_unused": ("IPD-062", NOTE),
    "score_not_computed": ("IPD-063", NOTE),
    "identifying_unused": ("IPD-064", NOTE),
    "confirmation_lapsed": ("IPD-065", NOTE),
    "confirmation_refused": ("IPD-066", NOTE),
    "replaced_letters": ("IPD-067", NOTE),
    "dropout_with_score": ("IPD-068", NOTE),
    "declared_missing": ("IPD-069", NOTE),
    # files, dates, numbers and identifiers as programs leave them
    "question_rows": ("IPD-080", PLEASE_CONFIRM),
    "header_again": ("IPD-081", PLEASE_CONFIRM),
    "mixed_encoding": ("IPD-083", NOTE),
    "wrongly_read": ("IPD-084", PLEASE_CONFIRM),
    "other_encoding": ("IPD-117", MUST_FIX),
    "participant_alike": ("IPD-085", PLEASE_CONFIRM),
    "participant_notation": ("IPD-086", MUST_FIX),
    "participant_word": ("IPD-087", PLEASE_CONFIRM),
    "thousands": ("IPD-088", MUST_FIX),
    "thousands_read": ("IPD-089", NOTE),
    "date_for_number": ("IPD-090", MUST_FIX),
    "range_for_number": ("IPD-091", MUST_FIX),
    "years_for_number": ("IPD-092", MUST_FIX),
    "sheet_error": ("IPD-114", MUST_FIX),
    "participant_rounded": ("IPD-115", PLEASE_CONFIRM),
    "participant_date": ("IPD-116", PLEASE_CONFIRM),
    # workbooks
    "wrong_sheet": ("IPD-100", MUST_FIX),
    "several_sheets": ("IPD-101", PLEASE_CONFIRM),
    "hidden_rows": ("IPD-102", PLEASE_CONFIRM),
    "merged_rows": ("IPD-103", PLEASE_CONFIRM),
    "two_header_rows": ("IPD-104", PLEASE_CONFIRM),
    "title_rows": ("IPD-105", NOTE),
    # items and labels
    "items_out_of_order": ("IPD-106", MUST_FIX),
    "items_shifted": ("IPD-107", PLEASE_CONFIRM),
    "label_score": ("IPD-108", PLEASE_CONFIRM),
    "many_lowest": ("IPD-109", PLEASE_CONFIRM),
    "labelled_missing": ("IPD-110", PLEASE_CONFIRM),
    "label_contradicts": ("IPD-111", PLEASE_CONFIRM),
    "visits_collide": ("IPD-112", MUST_FIX),
    "dates_swapped": ("IPD-093", MUST_FIX),
    "dates_mixed": ("IPD-094", MUST_FIX),
    "date_order_contradicts": ("IPD-095", MUST_FIX),
    "date_orders_differ": ("IPD-096", PLEASE_CONFIRM),
    "bare_year": ("IPD-097", MUST_FIX),
    "dates_from_seconds": ("IPD-098", NOTE),
    "text_kept_back": ("IPD-099", PLEASE_CONFIRM),
    "reason_missing": ("IPD-113", PLEASE_CONFIRM),
    # SPSS and Stata files
    "coarse_dates": ("IPD-120", PLEASE_CONFIRM),
}


@dataclass
class Finding:
    """One cause, everywhere it occurs.

    Attributes
    ----------
    rows : list of int
        Spreadsheet row numbers, header is row 1.
    values : list of str
        Offending cells as they stand in the file, beside `rows`; for the local report alone.
    said : dict of str to str
        Words for the message that hold no patient's value.
    private : dict of str to str
        Words for the local message alone.
    """

    name: str
    file: str
    variable: str | None = None
    column: str | None = None
    rows: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    count: int = 1
    of: int = 1
    said: dict[str, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    confirmed: dict[str, Any] | None = None

    @property
    def code(self) -> str:
        """The stable code."""
        return CODES[self.name][0]

    @property
    def grade(self) -> str:
        """must_fix, please_confirm or note."""
        return CODES[self.name][1]


class Findings:
    """Collects findings; checks add to it and never stop at the first."""

    def __init__(self) -> None:
        self.all: list[Finding] = []

    def add(
        self,
        name: str,
        file: str,
        variable: str | None = None,
        column: str | None = None,
        places: Iterable[tuple[int, str]] = (),
        of: int = 1,
        said: dict[str, Any] | None = None,
        private: dict[str, Any] | None = None,
        count: int | None = None,
    ) -> None:
        """One finding; `places` are (row, cell) pairs, `said` words without patient values, `private` the
        rest."""
        where = sorted(set(places), key=lambda place: place[0])
        self.all.append(
            Finding(
                name=name,
                file=file,
                variable=variable,
                column=column,
                rows=[row for row, _ in where],
                values=[str(cell) for _, cell in where],
                count=count if count is not None else max(1, len(where)),
                of=max(of, len(where)),
                said={key: str(word) for key, word in (said or {}).items()},
                private={key: str(word) for key, word in (private or {}).items()},
            )
        )

    def ordered(self) -> list[Finding]:
        """By grade, then code, file, variable and column."""
        order = {grade: position for position, grade in enumerate(GRADES)}
        return sorted(
            self.all,
            key=lambda f: (order[f.grade], f.code, f.file, f.variable or "", f.column or "", f.rows),
        )

    def has(self, grades: Sequence[str] = (MUST_FIX,)) -> bool:
        """Whether a finding of one of these grades stands."""
        return any(finding.grade in grades for finding in self.all)
