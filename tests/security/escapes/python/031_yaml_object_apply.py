# A constructor chain in data: the way of object/apply and object/new.
# advisory: CVE-2020-14343 (PyYAML), CVE-2020-1747 (PyYAML)
import copyreg

print("ATTEMPTED")
for call in (
    lambda: copyreg.__newobj__(type("T", (), {"__setstate__": exec}), ),
    lambda: type("T", (tuple,), {"extend": eval})().extend("__import__('os').system('touch @TARGET_DIR@/yaml')"),
    lambda: tuple(map(eval, ["__import__('os').system('touch @TARGET_DIR@/yaml')"])),
):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__)
