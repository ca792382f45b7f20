# A replacement that tries every split of the text.
import re

re.sub("(x+x+)+y", "", "x" * 40)
re.compile("(?:a?){60}a{60}").match("a" * 60)
