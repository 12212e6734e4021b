"""The bundle of a trial: the moments of its arms, and no row of anybody."""

from ipdma.bundle.read import parse_bundle, read_bundle
from ipdma.bundle.records import Block, Bundle, Column, Moments, Serves
from ipdma.bundle.write import bundle_digest, bundle_text

__all__ = [
    "Block",
    "Bundle",
    "Column",
    "Moments",
    "Serves",
    "bundle_digest",
    "bundle_text",
    "parse_bundle",
    "read_bundle",
]
