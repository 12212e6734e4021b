"""What all numbers of a run give away together: cells, what ties them, what an outsider can work out."""
