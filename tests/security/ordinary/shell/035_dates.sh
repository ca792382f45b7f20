# Dates in UTC, from a number.
date -u -d @0 +%Y-%m-%dT%H:%M:%S; TZ=UTC date -d '2024-02-29 + 1 day' +%F
