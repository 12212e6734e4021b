"""A run: its plan and studies, its results folder, the files between its jobs."""
