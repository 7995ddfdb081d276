"""The machine's clock, as the port ``Clock`` promises it."""

import time
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

RECEPTION_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class SystemClock:
    """Reads the machine's clock; days are those of Việt Nam."""

    now = staticmethod(partial(datetime.now, UTC))
    """This instant, aware, in UTC."""

    monotonic = staticmethod(time.monotonic)
    """Seconds that never run backwards."""

    def today(self) -> date:
        """This day at the reception desk."""
        return datetime.now(RECEPTION_ZONE).date()
