from ipdma.errors import IpdmaError as IpdmaError
from ipdma.library.by_hand import fit as fit
from ipdma.library.by_hand import pool as pool
from ipdma.library.finished_run import FinishedRun as FinishedRun
from ipdma.library.finished_run import read_run as read_run
from ipdma.library.fit_result import FitResult as FitResult
from ipdma.library.pool_result import PoolResult as PoolResult
from ipdma.plan import read_plan as read_plan

__version__: str
__all__ = ["FinishedRun", "FitResult", "IpdmaError", "PoolResult", "fit", "pool", "read_plan", "read_run"]
