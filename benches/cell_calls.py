# A call of a tool from a cell and back: through the worker's pipe, the checks, the policy and the record.
# companion run benches/cell_calls.py

import time

import companion


def median(times):
    return sorted(times)[len(times) // 2]


def measure(name, call, rounds=300):
    for _ in range(20):
        call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    print(f"{name:44} median {median(times):7.3f} ms   min {min(times):7.3f} ms")


dots = companion.Image.from_pixels(2, 1, bytes([255, 0, 0, 255, 0, 255, 0, 255]))
wide = companion.Image.from_pixels(64, 64, bytes(64 * 64 * 4))


@companion.tool
def add(a: int, b: int) -> int:
    return a + b


measure("Python: tool_search, one tool", lambda: companion.tool_search(words="imagine", limit=1))
measure("Python: image_info, a result that is known", lambda: companion.image_info(dots.handle))
measure("Python: a tool of its own, with its check", lambda: companion.call("add", a=1, b=2))
measure("Python: edit_image, 64×64, blur", lambda: wide.blur(1))
measure("Python: the pixels of 64×64", wide.pixels)
measure("Python: run_python, a fresh worker", lambda: companion.run_python("1"), 30)
