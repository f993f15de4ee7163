"""The measures by name, in the order of the house plan; each measures its limit in the same run."""

from collections.abc import Callable

from bench import crm, lake, mail, pages, policy, readers, segment, sending, warehouse, webhooks
from bench.report import Result

MEASURES: dict[str, Callable[[bool], Result]] = {
    "engine": sending.engine,
    "http": sending.http,
    "rate": sending.rate,
    "smtp": mail.smtp,
    "million": sending.million,
    "webhooks": webhooks.webhooks,
    "readers": readers.readers,
    "crm": crm.crm_measure,
    "lake": lake.build_and_read,
    "segment": segment.segment,
    "policy": policy.policy,
    "pages": pages.pages,
    "build": warehouse.build,
    "refresh": warehouse.refresh,
    "publish": warehouse.publish,
    "load": warehouse.load,
    "status": warehouse.status,
}
