"""A run in few words (`snakemake --logger ipdma`); what is said is in ipdma.runs.progress."""

import sys
from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from ipdma.runs.progress import Progress


class LogHandler(LogHandlerBase):
    """One line for each stage of a run; a dry run and what is asked for in detail look as always."""

    def __post_init__(self) -> None:
        self.progress = Progress()
        asked = ("dryrun", "verbose", "debug_dag", "printshellcmds")
        self.whole = any(getattr(self.common_settings, name, False) for name in asked)

    def emit(self, record: LogRecord) -> None:
        """Say what a person wants to know of one event."""
        words = self.format(record) if self.whole else self.progress.words(vars(record), self.format(record))
        if words:
            print(words, file=sys.stderr, flush=True)

    @property
    def writes_to_stream(self) -> bool:
        """It takes the place of Snakemake's own output."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Snakemake's own log file stays as it is."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's filter obeys --quiet."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's formatter is used for what is not a stage."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """No graph of the rules is needed."""
        return False
