"""Fits and pools by hand: what `import ipdma`, `ipdma fit` and `ipdma pool` give a person."""
