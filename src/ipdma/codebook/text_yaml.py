"""YAML read as text: `NO` stays NO, `007` stays 007, a key that occurs twice is refused with its line.

The ordinary loaders turn `country: NO` into False, `{ja: yes}` into True and `id: 007` into 7, and keep the
last of two equal keys without a word. A mapping file is full of such codes, so nothing here is converted.
"""

from __future__ import annotations

import gc
from typing import Any

import yaml

from ipdma.errors import ReadError

MAX_NODES = 1_000_000
LONG, LONGEST = 5_000, 200_000
STANDARD_TAGS = "tag:yaml.org,2002:"
NOTHING = {"", "~", "null", "Null", "NULL"}


class AsText:
    """Scalars as text, plain `null`, `~` and nothing as None, duplicate keys refused."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if not node.tag.startswith(STANDARD_TAGS):
            problem = "a text that begins with !; put quotes around it"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        if isinstance(node, yaml.ScalarNode) and not node.style and node.value in NOTHING:
            return None
        return super().construct_object(node, deep=True)  # type: ignore[misc]

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict:
        assert isinstance(node, yaml.MappingNode)
        first: dict[str, int] = {}
        pairs: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key_of(key_node)
            line = key_node.start_mark.line + 1
            if key in first:
                problem = f"the key '{key}' occurs twice, on line {first[key]} and on line {line}; keep one"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            first[key] = line
            pairs[key] = self.construct_object(value_node, deep=True)
        return pairs

    def key_of(self, node: yaml.Node) -> str:
        """A key is always text, also `null` and `~`."""
        if not isinstance(node, yaml.ScalarNode):
            problem = "a key must be a single word or number, not a list or a mapping"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return node.value


class TextLoader(AsText, yaml.BaseLoader):
    """The loader for files of users: its complaints are the same wherever it runs."""


class FastLoader(AsText, getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """The same for our own files, which are many and hold no faults: eight times faster where libyaml is."""


def read_text_yaml(text: str, where: str, fast: bool = False) -> Any:
    """Read one YAML document with every scalar as text.

    Parameters
    ----------
    text : str
        The document.
    where : str
        Name of the file, for the message.
    fast : bool
        Use libyaml where there is one; its messages differ.

    Returns
    -------
    dict, list, str or None
        Scalars are `str`; an unquoted `null`, `~` or nothing at all is None; keys are always `str`.

    Raises
    ------
    ReadError
        Bad YAML, a key that occurs twice, a structure that contains itself or unfolds beyond reason;
        the message names line and column.
    """
    return read_text_nodes(text, where, fast)[0]


def read_text_nodes(text: str, where: str, fast: bool = False) -> tuple[Any, yaml.Node | None]:
    """As `read_text_yaml`, with the nodes, which know the lines on which they stand."""
    try:
        value, node = load_text(text.removeprefix("\ufeff"), fast)
        count_nodes(value, where)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and "quoted scalar found unexpected" in f"{error.context} {error.problem}":
            mark = error.context_mark  # where it is opened, not the end of the file
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ReadError(f"{where}{place}: {say_problem(error)}") from None
    except yaml.reader.ReaderError as error:
        raise ReadError(
            f"{where}, character {error.position + 1}: a control character, which YAML does not allow; "
            "save the file as plain UTF-8 text"
        ) from None
    except RecursionError:
        raise ReadError(f"{where}: nested too deeply to be a file of this kind") from None
    return value, node


def load_text(text: str, fast: bool) -> tuple[Any, yaml.Node | None]:
    """The document and its nodes; read by libyaml first where it is long, whose complaints differ."""
    if fast or len(text) > LONG:
        try:
            return build(text, FastLoader)
        except yaml.YAMLError:
            if fast or len(text) > LONGEST:
                raise
    return build(text, TextLoader)


def build(text: str, kind: type[Any]) -> tuple[Any, yaml.Node | None]:
    """One document; without the collector of garbage, which finds none here and takes half the time."""
    collecting = gc.isenabled()
    gc.disable()
    loader = kind(text)
    try:
        node = loader.get_single_node()
        return (None if node is None else loader.construct_document(node)), node
    finally:
        loader.dispose()
        if collecting:
            gc.enable()


def read_text_mapping(text: str, where: str, fast: bool = False) -> dict[str, Any]:
    """As `read_text_yaml`, for a file whose top level must be a mapping; an empty file is an empty one."""
    return as_mapping(read_text_yaml(text, where, fast), where)


def as_mapping(value: Any, where: str) -> dict[str, Any]:
    """A document whose top level must be a mapping."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        got = "a list" if isinstance(value, list) else "a single value"
        raise ReadError(f"{where}: expected `key: value` lines at the top level, got {got}")
    return value


def say_problem(error: yaml.MarkedYAMLError) -> str:
    """The parser's complaint in a person's words: what most often causes it."""
    problem = str(error.problem or error.context or "this is not YAML")
    told = f"{error.context or ''} {problem}"
    words = next((words for signs, words in SLIPS if any(sign in told for sign in signs)), problem)
    opened = error.context_mark.line + 1 if error.context_mark else 0
    here = error.problem_mark.line + 1 if error.problem_mark else 0
    bracket = any(sign in told for sign in ("flow mapping", "flow sequence")) and 0 < opened < here
    return f"{words} (it is opened on line {opened})" if bracket else words


# what PyYAML and libyaml say, and what a person did; the first that fits counts
SLIPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("\\t", "'\t'"), "a tab where YAML wants spaces; replace tabs by spaces"),
    (
        ("mapping values are not allowed",),
        "a second ': ' on one line, or a line with too many spaces before it; put quotes around the value, "
        "or line it up with its neighbours",
    ),
    (
        ("scanning a quoted scalar found unexpected",),
        "a quotation mark that is never closed; put the second one",
    ),
    (
        ("unknown escape character", "expected escape sequence", "did not find expected hexdecimal"),
        "a backslash inside double quotes; use single quotes around this text, as 'C:\\data'",
    ),
    (
        ("flow mapping", "flow sequence"),
        "a list [...] or a group {...} in which a comma, a colon or the closing bracket is missing",
    ),
    (
        ("but found '<scalar>'",),
        "a text goes on after its closing quotation mark; double a mark inside it ('it''s'), "
        "or put the other kind around it",
    ),
    (
        ("parsing a block mapping", "parsing a block collection"),
        "this line does not line up with the lines it belongs to; give it the same number of spaces, "
        "or close the quotation mark or bracket above it",
    ),
    (
        ("could not find expected ':'",),
        "a line without ': '; write `key: value` with a blank after the colon, or quotes around a long text",
    ),
    (("cannot start any token",), "a text that begins with a sign of YAML (@ ` %); put quotes around it"),
    (
        ("undefined alias", "scanning an alias"),
        "a text that begins with * (an undefined alias); put quotes around it",
    ),
    (("scanning an anchor",), "a text that begins with &; put quotes around it"),
    (("scanning a tag",), "a text that begins with !; put quotes around it"),
    (("block scalar",), "a text that begins with > or |; put quotes around it"),
    (
        ("node content",),
        "a bracket or comma that nothing stands before; take it out, or put quotes around the text",
    ),
    (
        ("document start", "but found another document", "block end"),
        "a line that fits nothing above it; check its blanks and quotes",
    ),
)


def count_nodes(value: Any, where: str) -> int:
    """Size of the unfolded structure; refuses one that holds itself or unfolds beyond `MAX_NODES`."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Any) -> int:
        if not isinstance(node, (dict, list)):
            return 1
        if id(node) in open_nodes:
            raise ReadError(f"{where}: an alias (*name) inside its own anchor (&name)")
        if id(node) not in sizes:
            open_nodes.add(id(node))
            sizes[id(node)] = 1 + sum(map(size, node.values() if isinstance(node, dict) else node))
            open_nodes.discard(id(node))
        return sizes[id(node)]

    total = size(value)
    if total > MAX_NODES:
        raise ReadError(f"{where}: unfolds to more than {MAX_NODES} entries; write it without aliases")
    return total
