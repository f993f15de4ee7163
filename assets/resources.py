"""What assets are given: the installation's steps."""

from functools import cached_property

import dagster as dg

from assets.steps import Steps
from core.settings import load_settings


class Installation(dg.ConfigurableResource):
    """This machine's installation, read from the settings when a run first asks for it."""

    @cached_property
    def steps(self) -> Steps:
        """The steps of the pipeline, bound to the settings."""
        return Steps(load_settings())


WRITES_WAREHOUSE = "warehouse"  # the pool whose limit of one makes one writer at a time
