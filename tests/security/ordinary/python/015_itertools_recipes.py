# The iterators that everybody uses.
from itertools import accumulate, chain, combinations, count, islice, pairwise, permutations, product, zip_longest

print(list(islice(count(5, 3), 4)), list(accumulate([1, 2, 3, 4])), list(combinations("abc", 2)))
print(list(product("ab", [1, 2])), len(list(permutations(range(5)))), list(pairwise([1, 4, 9])))
print(list(chain([1], (2, 3))), list(zip_longest("ab", [1], fillvalue="-")))
