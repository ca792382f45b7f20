from execution import CodeExecutor

executor = CodeExecutor()

code = """
def fibonacci(n):
    if n <= 1:
        return n
    return fibonacci(n-1) + fibonacci(n-2)

print(fibonacci(10))
"""

result = executor.execute_python(code)
print(result.output)
print(f"{result.execution_time:.0f}")
print(executor.execute_javascript("console.log([1, 2, 3].map(x => x * 2))").output)
print(executor.execute_shell("echo one two | wc -w").output)
