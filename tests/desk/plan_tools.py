from tools import ToolRegistry, tool

registry = ToolRegistry()

@tool(name="calculate_sum", description="Calculate the sum of two numbers")
def calculate_sum(a: int, b: int) -> int:
    return a + b

registry.register(calculate_sum)
result = registry.execute("calculate_sum", a=5, b=3)
print(result)
