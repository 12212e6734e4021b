"""A check gives its results their name, domain and outcome."""

from ipdma.integrity.finding import Check


def test_a_check_gives_each_of_its_results_its_name_and_domain():
    check = Check("grim", 7)
    asked = check.judged("XX-A", True, "Please look.", "Fine.", subject="age", n=3, of=9)
    assert (asked.check, asked.domain, asked.outcome, asked.text) == ("grim", 7, "query", "Please look.")
    assert (asked.subject, asked.n, asked.of, asked.statistic) == ("age", 3, 9, None)
    fine = check.judged("XX-A", False, "Please look.", "Fine.")
    assert (fine.outcome, fine.text) == ("passed", "Fine.")
    skipped = check.skipped("XX-A", "no mean is printed")
    assert (skipped.outcome, skipped.text) == ("not checked", "Not checked: no mean is printed.")
