"""The codebook in the forms that other people's tools read; each writer returns file names with text."""

from __future__ import annotations

from collections.abc import Callable

from ipdma.codebook.exports.html import html_files, markdown_page
from ipdma.codebook.exports.json_schema import json_schema_files
from ipdma.codebook.exports.redcap import redcap_files
from ipdma.codebook.exports.table_schema import table_schema_files
from ipdma.codebook.load import Codebook

TEXT_EXPORTS: dict[str, Callable[[Codebook], dict[str, str]]] = {
    "html": html_files,
    "table-schema": table_schema_files,
    "json-schema": json_schema_files,
    "redcap": redcap_files,
    "markdown": lambda codebook: {"instruments.md": markdown_page(codebook)},
}
