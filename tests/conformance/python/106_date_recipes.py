from datetime import date, datetime, timedelta


def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * l) // 433
    n = (h + l - 7 * m + 90) // 25
    return date(year, n, (h + l - 7 * m + 33 * n + 19) % 32)


print([str(easter(y)) for y in (2000, 2024, 2025)])
print([str(d) for d in (date(2024, 1, 1) + timedelta(days=n) for n in range(31)) if d.weekday() == 4])


def age(born, today):
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


print(age(date(1990, 6, 15), date(2024, 6, 14)), age(date(1990, 6, 15), date(2024, 6, 15)))
start, end = datetime(2024, 1, 31, 22), datetime(2024, 2, 1, 3, 30)
gap = end - start
print(gap, gap.seconds // 3600, f"{gap.total_seconds() / 60:.0f} minutes", start + gap / 2)
months = [date(2024 + (m - 1) // 12, (m - 1) % 12 + 1, 1) for m in range(11, 15)]
print([m.strftime("%b %Y") for m in months], [((m.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day for m in months])
stamps = ["2024-03-01T10:00:00", "2023-12-25T08:30:00", "2024-03-01T09:59:59"]
print(max(map(datetime.fromisoformat, stamps)), sorted(stamps)[0], [datetime.fromisoformat(s).strftime("%a %-d") for s in stamps])
print(date(2024, 12, 30).isocalendar()[:], date.fromisocalendar(2025, 1, 1), date(2024, 3, 1) - date(2023, 3, 1), timedelta(weeks=1, milliseconds=1))
