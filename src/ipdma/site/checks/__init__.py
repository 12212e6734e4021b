"""Checks of what was read, one idea per file; each adds to the findings and stops nobody."""
