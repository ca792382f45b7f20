# Groups, substitution with a function, and splitting.
import re

line = "2024-03-15 ERROR [db] timeout=30s retries=3"
match = re.match(r"(?P<date>\S+) (?P<level>\w+) \[(\w+)\]", line)
print(match.groupdict(), match.group(3), re.findall(r"(\w+)=(\d+)", line))
print(re.sub(r"\d+", lambda m: str(int(m[0]) * 2), line), re.split(r"[\s=]+", line)[-2:])
