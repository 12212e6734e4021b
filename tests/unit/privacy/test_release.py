"""Files that may not leave."""

from __future__ import annotations

from ipdma.privacy import row_level_reason


def test_a_file_of_rows_may_not_leave_and_a_table_may():
    assert "participant" in row_level_reason("study,participant,age\nA,1,40\n")
    assert "pseudonyms" in row_level_reason("study,who\nA,0123456789abcdef\nA,fedcba9876543210\n")
    assert row_level_reason("study,arm,n,mean\nA,stpp,40,12.5\nA,tau,41,15.0\n") is None
    assert "fedcba" not in row_level_reason("study\twho\nA\t0123456789abcdef\nA\tfedcba9876543210\n")
