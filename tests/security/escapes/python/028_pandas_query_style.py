# A query text with an @ that reaches local variables, as in a data frame's query.
# advisory: CVE-2024-12366 (PandasAI)
query = "__import__('os').system('touch @TARGET_DIR@/query')"
print("ATTEMPTED")
for run in eval, lambda text: exec(text), lambda text: eval(compile(text, "q", "eval")):
    try:
        print("ESCAPED", run(query))
    except Exception as error:
        print(type(error).__name__)
