import statistics
from fractions import Fraction

print(Fraction(1, 3) + Fraction(1, 6), Fraction("0.75"), Fraction(0.5), Fraction("3/9"), Fraction(7, 2) // 1, Fraction(-7, 2) % 2)
print(Fraction(3, 4) ** 2, float(Fraction(1, 8)), Fraction(22, 7).limit_denominator(5), round(Fraction(7, 3), 1), Fraction(5).denominator)
print(repr(Fraction(2, 4)), Fraction(1, 2) == 0.5, Fraction(1, 3) < Fraction(1, 2), sum([Fraction(1, n) for n in range(1, 6)]))
try:
    Fraction(1, 0)
except ZeroDivisionError as error:
    print(error)
data = [2, 4, 4, 4, 5, 5, 7, 9]
print(statistics.mean(data), statistics.median(data), statistics.mode(data), statistics.pstdev(data), statistics.pvariance(data))
print(round(statistics.stdev(data), 6), statistics.median_low([1, 3]), statistics.median_high([1, 3]), statistics.multimode("aabbc"))
print(statistics.fmean([1.5, 2.5]), statistics.harmonic_mean([40, 60]), round(statistics.geometric_mean([1, 2, 4]), 6))
print(statistics.quantiles([1, 2, 3, 4, 5], n=4), statistics.correlation([1, 2, 3], [2, 4, 6]))
slope, intercept = statistics.linear_regression([1, 2, 3], [3, 5, 7])
print(slope, intercept, round(statistics.NormalDist(0, 1).cdf(1.96), 4))
try:
    statistics.mean([])
except statistics.StatisticsError as error:
    print("StatisticsError")
