"""Writers: a figure or table becomes bytes of one file format, the same bytes each time."""
