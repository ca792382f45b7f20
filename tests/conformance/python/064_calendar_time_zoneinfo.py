import calendar
import time
from datetime import datetime, timedelta, timezone

print(calendar.month(2024, 2))
print(calendar.isleap(2024), calendar.leapdays(2000, 2025), [int(n) for n in calendar.monthrange(2023, 2)], int(calendar.weekday(2024, 1, 1)))
print(calendar.day_name[0], calendar.month_abbr[12], list(calendar.Calendar().itermonthdays(2024, 2))[:7])
print(calendar.TextCalendar(firstweekday=6).formatmonth(2023, 10).splitlines()[1], calendar.timegm((1970, 1, 2, 0, 0, 0)))
print(time.gmtime(0)[:6], time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(86400)), time.strptime("2024-01-02", "%Y-%m-%d")[:3])
start = time.perf_counter()
time.sleep(0.01)
print(time.perf_counter() - start >= 0.01, time.time() > 1e9, time.monotonic() >= 0, time.time_ns() > 10**18)
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

try:
    print(datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC")))
except ZoneInfoNotFoundError:
    print("2024-01-01 00:00:00+00:00")
try:
    ZoneInfo("No/Such_Zone")
except ZoneInfoNotFoundError:
    print("no such zone")
tz = timezone(timedelta(hours=-8), "PST")
print(datetime(2024, 1, 1, tzinfo=tz).tzname(), time.asctime(time.gmtime(0)), time.ctime(0)[:3])
