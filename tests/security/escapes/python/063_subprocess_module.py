# subprocess by every name, and through what it is built on.
import subprocess

print("ATTEMPTED")
for call in (
    lambda: subprocess.run(["cat", "@SECRET_PATH@"], capture_output=True),
    lambda: subprocess.getoutput("cat @SECRET_PATH@"),
    lambda: subprocess.check_output("cat @SECRET_PATH@", shell=True),
    lambda: subprocess.Popen("sleep @MARKER@ &", shell=True),
    lambda: subprocess.Popen.__new__(subprocess.Popen)._execute_child(["cat"], *[None] * 20),
    lambda: subprocess._fork_exec([b"/bin/touch"], [b"/bin/touch"], True, (), b"/", None, -1, -1, -1, -1, -1, -1, -1, -1, False, False, -1, None, None, None, -1, None),
):
    try:
        print("ESCAPED", call())
    except BaseException as error:
        print(type(error).__name__)
