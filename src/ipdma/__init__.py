"""Individual-participant-data meta-analysis of trials: harmonise, fit, report."""

__version__ = "0.1.0"
