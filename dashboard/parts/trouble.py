"""What a viewer sees when something goes wrong: what it is and what to do, never a traceback."""

import streamlit as st
from sqlalchemy.exc import DBAPIError

from core import faults
from core.errors import PermanentError, TransientError
from core.ids import random_id
from core.logs import get_logger
from dashboard.parts.again import look_again
from dashboard.parts.words import same_tab, say
from dashboard.viewer import SignedOutError


def draw(error: Exception) -> bool:
    """Draw an error in the page's place; True: Streamlit adds nothing of its own."""
    if isinstance(error, SignedOutError):
        st.info(say("session_ended"), icon=":material/lock:")
        st.html(same_tab("/sign-in", say("sign_in")))
        return True
    if isinstance(error, TransientError | DBAPIError | OSError):
        get_logger().warning("dashboard_waits", reason=type(error).__name__)
        st.warning(say("not_now"), icon=":material/hourglass:")
        if st.button(say("try_again"), key="try_again"):
            st.rerun()
        look_again()
        return True
    reference = random_id()[:8]
    get_logger().error("dashboard_fault", reference=reference, exc_info=error)
    if not isinstance(error, PermanentError):
        faults.report(error)
    text = str(error) if isinstance(error, PermanentError) else say("our_fault", reference=reference)
    st.error(text, icon=":material/error:")
    return True
