# A regular expression that goes back exponentially.
import re

re.match("(a+)+$", "a" * 40 + "b")
