import string
import textwrap

long = "The quick brown fox jumps over the lazy dog. " * 3
print(textwrap.fill(long, width=40))
print(textwrap.wrap("short words here", 7), textwrap.shorten(long, 30), textwrap.shorten("one two", 5, placeholder="..."))
print(textwrap.dedent("""
    first
      second
    third
"""))
print(textwrap.indent("a\n\nb\n", "> "), end="")
print(textwrap.fill("item text that wraps around", 14, initial_indent="* ", subsequent_indent="  "))
t = string.Template("$who owes ${amount} dollars, $$5")
print(t.substitute(who="Bob", amount=10), t.safe_substitute(who="X"))
try:
    t.substitute(who="x")
except KeyError as error:
    print("KeyError", error)
print(string.ascii_lowercase, string.digits, string.punctuation, string.hexdigits)
print(string.capwords("hello big world"), list(string.Formatter().parse("a{b!r:>5}c")))
