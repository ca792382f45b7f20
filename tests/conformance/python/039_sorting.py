words = ["banana", "Apple", "cherry", "date"]
print(sorted(words), sorted(words, key=str.lower), sorted(words, key=len, reverse=True))
people = [("Bob", 25), ("Alice", 30), ("Carl", 25)]
print(sorted(people, key=lambda p: (p[1], p[0])), sorted(people, key=lambda p: -p[1]))
words.sort(key=lambda w: (len(w), w))
print(words, min(words, key=len), max(people, key=lambda p: p[1]))
print(sorted([3, 1, 2], reverse=True), sorted({"b": 1, "a": 2}), sorted("hello"))
stable = sorted([(1, "a"), (0, "b"), (1, "c"), (0, "d")], key=lambda t: t[0])
print(stable)
try:
    sorted([1, "a"])
except TypeError as error:
    print(error)


def quicksort(items):
    if len(items) <= 1:
        return items
    pivot, *rest = items
    return quicksort([x for x in rest if x < pivot]) + [pivot] + quicksort([x for x in rest if x >= pivot])


def merge_sort(items):
    if len(items) < 2:
        return items
    half = len(items) // 2
    left, right, out = merge_sort(items[:half]), merge_sort(items[half:]), []
    while left and right:
        out.append((left if left[0] <= right[0] else right).pop(0))
    return out + left + right


data = [(i * 7919) % 101 for i in range(40)]
print(quicksort(data) == merge_sort(data) == sorted(data), quicksort(data)[:8])
