import doctest


def average(values):
    """Computes the mean.

    >>> average([1, 2, 3])
    2.0
    >>> average([])
    Traceback (most recent call last):
        ...
    ZeroDivisionError: division by zero
    >>> print("a\\n\\nb")
    a
    <BLANKLINE>
    b
    """
    return sum(values) / len(values)


def wrong():
    """
    >>> 1 + 1
    3
    """


finder = doctest.DocTestFinder()
runner = doctest.DocTestRunner(verbose=False)
for function in (average, wrong):
    for test in finder.find(function):
        runner.run(test, out=lambda text: None)
print(runner.tries, runner.failures)
print(doctest.script_from_examples("text\n>>> 1\n1\n"))
