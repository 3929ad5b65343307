"""What a record of a microscope says: D by every method, its light, and whether to trust it."""

from tptools.analysis.model import expected_counts
from tptools.analysis.report import write_report
from tptools.analysis.results import table_of, write_csv, write_json
from tptools.analysis.scan import METHODS, Analysis, analyse
from tptools.analysis.series import Answer, SeriesAnalysis, analyse_series
from tptools.analysis.shape import SpotShape, spot_shape
from tptools.analysis.text import describe

__all__ = [
    "METHODS",
    "Analysis",
    "Answer",
    "SeriesAnalysis",
    "SpotShape",
    "analyse",
    "analyse_series",
    "describe",
    "expected_counts",
    "spot_shape",
    "table_of",
    "write_csv",
    "write_json",
    "write_report",
]
