"""One file per sub-command: DESCRIPTION, EXAMPLES, add_arguments(parser), run(options) -> exit status."""
