"""Options that would change nothing are refused in a sentence that names them."""

import pytest

from ipdma.cli import main
from ipdma.commands.idle import refuse_idle
from ipdma.errors import SpecError


def test_what_was_not_given_is_not_refused():
    refuse_idle({"--json": None, "--records-only": False, "--contrast": []}, "no use")


def test_a_number_of_zero_was_given():
    with pytest.raises(SpecError, match="--a and --b: no use; leave them out"):
        refuse_idle({"--a": 0, "--b": "x", "--c": None}, "no use")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["bundle", "show", "t.bundle.json", "--plan", "p.yaml", "--minimum-cell", "0"], "--plan and --mini"),
        (["bundle", "trial", "--plan", "p.yaml", "--out", "t.bundle.json", "--html", "x.html"], "--html: "),
        (["disclose", "results", "--minimum-cell", "0", "--ledger", "l"], "--minimum-cell and --ledger: "),
        (["verify", "results/share", "--records-only", "--json", "v.json"], "--records-only and --json: "),
    ],
)
def test_commands_refuse_them(tmp_path, monkeypatch, capsys, words, named):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results" / "share" / "bundles").mkdir(parents=True)
    (tmp_path / "results" / "share" / "ro-crate-metadata.json").write_text("{}")
    assert main(words) == 2
    assert named in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.html"))
    assert not (tmp_path / "v.json").exists()
