"""The machine's clock, as the port ``Clock`` promises it."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

RECEPTION_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class SystemClock:
    """Reads the machine's clock; days are those of Việt Nam."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """This day at the reception desk."""
        return datetime.now(RECEPTION_ZONE).date()

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()
