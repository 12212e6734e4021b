"""YAML as text: nothing converted, nothing kept twice, every fault said with its place."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ipdma.codebook.text_yaml import read_text_mapping, read_text_yaml
from ipdma.errors import ReadError


def test_codes_stay_as_they_stand():
    text = "country: NO\nid: 007\nanswers: {ja: yes, nee: no}\ntime: 1:30\nnumber: 1.0\non: 2026-11-20\n"
    assert read_text_yaml(text, "f") == {
        "country": "NO",
        "id": "007",
        "answers": {"ja": "yes", "nee": "no"},
        "time": "1:30",
        "number": "1.0",
        "on": "2026-11-20",
    }


def test_nothing_is_none_but_quoted_or_as_key_it_is_text():
    assert read_text_yaml("a:\nb: null\nc: 'null'\nd: ''\nnull: ~\n", "f") == {
        "a": None,
        "b": None,
        "c": "null",
        "d": "",
        "null": None,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' occurs twice, on line 1 and on line 3"),
        ("v: {1: male, 1: female}\n", "line 1, column 14: the key '1' occurs twice"),
        ("a: [1, 2\n", "line 2"),
        ("a: b: c\n", "put quotes around the value"),
        ("a:\n\tb: 1\n", "replace tabs by spaces"),
        ("{[a]: 1}", "a key must be a single word"),
        ("a: \x01", "control character"),
        ("a: &x [*x]", "recursive"),
        ("[" * 3000, "nested too deeply"),
        ("a: *b", "undefined alias"),
    ],
)
def test_faults_name_file_and_place(text, said):
    with pytest.raises(ReadError, match=r"study\.yaml") as caught:
        read_text_yaml(text, "study.yaml")
    assert said in str(caught.value)


def test_a_bomb_of_aliases_is_refused():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join(['*' + a] * 10)}]" for a, b in zip("abcdefg", "bcdefgh", strict=True)]
    with pytest.raises(ReadError, match="unfolds"):
        read_text_yaml("\n".join(lines), "f")


def test_tags_never_run_anything():
    assert read_text_yaml("a: !!python/object/apply:os.system [echo]\nb: !!int '3'\n", "f") == {
        "a": ["echo"],
        "b": "3",
    }


def test_a_mapping_is_asked_for():
    assert read_text_mapping("", "f") == {}
    with pytest.raises(ReadError, match="got a list"):
        read_text_mapping("- a\n", "f")


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
trees = st.recursive(
    words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


@given(trees)
def test_what_yaml_writes_as_text_comes_back_as_it_was(tree):
    assert read_text_yaml(yaml.safe_dump(quoted(tree), allow_unicode=True), "f") == tree


class Quoted(str):
    """Text that the dumper must quote."""


yaml.SafeDumper.add_representer(
    Quoted, lambda d, v: d.represent_scalar("tag:yaml.org,2002:str", str(v), style='"')
)


def quoted(tree):
    """Every text marked for quoting."""
    if isinstance(tree, dict):
        return {Quoted(k): quoted(v) for k, v in tree.items()}
    return [quoted(v) for v in tree] if isinstance(tree, list) else Quoted(tree)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a:\n  b: 1\n c: 2\n", 3, "does not line up"),
        ('a: "x\nb: 2\n', 1, "never closed"),
        ("a: {b: 1\nc: 2\n", 2, "opened on line"),
        ("a: [1, 2\n", 2, "closing bracket"),
        ("a: b: c\n", 1, "quotes around the value"),
        ("x: 1\n y: 2\n", 2, "too many spaces"),
        ('a: "C:\\data"\n', 1, "backslash"),
        ("a: 'it's'\n", 1, "after its closing quotation mark"),
        ("a: @x\n", 1, "sign of YAML"),
        ("a: 1\n- b\n", 2, "does not line up"),
        ("a: 1\nb\nc: 2\n", 3, "without ': '"),
        ("a: ,\n", 1, "nothing stands before"),
    ],
)
@pytest.mark.parametrize("rest", ["", "x: y\n" * 2000])
def test_a_slip_is_said_in_a_persons_words(text, line, said, rest):
    lines = rest.count("\n")
    with pytest.raises(ReadError, match=said) as caught:
        read_text_yaml("\n".join(f"k{n}: 1" for n in range(lines)) + "\n" * bool(rest) + text, "study.yaml")
    assert f"line {lines + line}," in str(caught.value)
    assert not any(word in str(caught.value) for word in ("block", "token", "scalar", "node", "mapping"))
