from datetime import date, datetime, time, timedelta, timezone

d = date(2024, 2, 29)
print(d, repr(d), d.year, d.weekday(), d.isoweekday(), d.isocalendar()[1], d.strftime("%A %d %B %Y"), d.isoformat())
print(d + timedelta(days=366), d - date(2024, 1, 1), d.replace(year=2028), date.fromisoformat("2020-05-17"))
dt = datetime(2024, 3, 10, 14, 30, 15, 123456)
print(dt, repr(dt), dt.date(), dt.time(), dt.strftime("%Y/%m/%d %H:%M:%S.%f %j %p %I"), dt.isoformat(sep=" ", timespec="minutes"))
print(datetime.strptime("05 Jul 2021 08:09", "%d %b %Y %H:%M"), datetime.fromisoformat("2021-07-05T08:09:10+02:00"))
delta = timedelta(days=1, hours=25, minutes=-5, seconds=3.5)
print(delta, repr(delta), delta.total_seconds(), delta // timedelta(hours=1), delta * 2, -delta, abs(-delta))
utc = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
local = utc.astimezone(timezone(timedelta(hours=5, minutes=30)))
print(utc, local, utc == local, local.utcoffset(), utc.timestamp(), datetime.fromtimestamp(0, timezone.utc))
print(time(1, 2, 3) < time(1, 2, 4), time(23, 59).isoformat(), timezone.utc, timedelta(0) == timedelta())
print(sorted([date(2024, 5, 1), date(2023, 12, 31)]), date.max, datetime.min, (date(2024, 12, 25) - d).days)
for bad in (lambda: date(2023, 2, 29), lambda: datetime.strptime("x", "%Y"), lambda: utc - dt):
    try:
        bad()
    except (ValueError, TypeError) as error:
        print(type(error).__name__)
print(f"{dt:%H:%M} {d:%d.%m.%y}", dt.timetuple().tm_yday, d.toordinal(), date.fromordinal(738000))
