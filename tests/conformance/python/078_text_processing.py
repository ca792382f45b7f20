from collections import Counter

text = """It was the best of times, it was the worst of times,
it was the age of wisdom, it was the age of foolishness."""
words = [w.strip(".,").lower() for w in text.split()]
for word, count in Counter(words).most_common(4):
    print(f"{word:<8}{count:>3} {'#' * count}")
print(len(words), len(set(words)), max(words, key=len), sum(map(len, words)) / len(words))
print({w: words.index(w) for w in sorted(set(words))[:5]})


def caesar(s, shift):
    return "".join(chr((ord(c) - 97 + shift) % 26 + 97) if c.islower() else chr((ord(c) - 65 + shift) % 26 + 65) if c.isupper() else c for c in s)


print(caesar("Hello, World!", 3), caesar(caesar("Hello", 5), -5))
print("racecar" == "racecar"[::-1], "".join(sorted("listen")) == "".join(sorted("silent")))


def roman(n):
    out = ""
    for value, symbol in [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]:
        out += symbol * (n // value)
        n %= value
    return out


print([roman(n) for n in (4, 9, 14, 1994, 2024)])


def run_length(s):
    out, i = [], 0
    while i < len(s):
        j = i
        while j < len(s) and s[j] == s[i]:
            j += 1
        out.append(f"{j - i}{s[i]}")
        i = j
    return "".join(out)


print(run_length("aaabbc"), "".join(c * int(n) for n, c in ["3a", "2b"]))
rows = [("Name", "Qty"), ("apple", 3), ("kiwi", 12)]
for name, quantity in rows:
    print(f"|{name:<10}|{quantity!s:>5}|")
print("\n".join(f"{i:2d} {line}" for i, line in enumerate(text.splitlines(), 1)))
print(text.translate({ord("i"): None, ord("t"): "T"})[:30])
