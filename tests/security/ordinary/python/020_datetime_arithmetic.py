# Dates, differences and formats.
from datetime import date, datetime, timedelta, timezone

start = datetime(2024, 2, 28, 23, 30, tzinfo=timezone.utc)
later = start + timedelta(hours=25)
print(later.isoformat(), (date(2024, 12, 25) - date(2024, 3, 1)).days, later.strftime("%Y/%m/%d %H:%M %j"))
print(datetime.fromisoformat("2024-05-06T07:08:09").weekday(), timedelta(days=1.5))
