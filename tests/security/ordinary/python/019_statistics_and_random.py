# Statistics, and random numbers with a seed.
import random
import statistics

data = [2, 4, 4, 4, 5, 5, 7, 9]
print(statistics.mean(data), statistics.median(data), statistics.pstdev(data), statistics.mode(data))
generator = random.Random(42)
numbers = [generator.randint(1, 6) for _ in range(10)]
print(all(1 <= n <= 6 for n in numbers), sorted(generator.sample(range(100), 5)) == sorted(set(random.Random(42).sample(range(100), 0)) or []) or len(numbers))
