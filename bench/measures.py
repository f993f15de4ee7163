"""The measures by name, in the order of the house plan; each measures its limit in the same run."""

from collections.abc import Callable

from bench import mail, segment, sending
from bench.report import Result

MEASURES: dict[str, Callable[[bool], Result]] = {
    "engine": sending.engine,
    "http": sending.http,
    "rate": sending.rate,
    "smtp": mail.smtp,
    "million": sending.million,
    "segment": segment.segment,
}
