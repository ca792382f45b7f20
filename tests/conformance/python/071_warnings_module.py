import sys
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("first")
    warnings.warn("second", DeprecationWarning)
    print(len(caught), caught[0].category.__name__, str(caught[1].message))
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        warnings.warn("as error", RuntimeWarning)
    except RuntimeWarning as error:
        print("raised", error)
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="ignore.*")
    warnings.warn("ignore this")


class Custom(UserWarning):
    pass


def deprecated():
    warnings.warn("old", Custom, stacklevel=2)


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    deprecated()
    print(caught[0].lineno, issubclass(caught[0].category, UserWarning))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("once")
    for _ in range(3):
        warnings.warn("only once")
    print(len(caught))
print(warnings.formatwarning("text", UserWarning, "file.py", 3, "code here"), end="")
