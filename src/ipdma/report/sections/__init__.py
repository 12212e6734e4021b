"""The parts of the page, one file each: every function gives the inner HTML of its section, or nothing."""
