"""Attempts to recover persons from moments: each takes what a bundle says and gives whom it could tell."""
