# Another, with dots.
import re

re.match("(.*)*b", "a" * 40)
