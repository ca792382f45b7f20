"""Code run by code: each program in a fresh worker, in the jail, on the time of the cell."""

import companion as _companion

__all__ = ["CodeExecutor", "Execution"]


class Execution:
    """What running code came to."""

    def __init__(self, told):
        self.output = told["output"]
        self.stderr = told["stderr"]
        self.result = told["result"]
        self.error = told["error"]
        self.exit_code = told["exit_code"]
        self.execution_time = told["time_ms"] / 1000
        self.peak_memory_bytes = told["peak_memory_bytes"]
        self.success = self.error is None

    def __bool__(self):
        return self.success

    def __repr__(self):
        how = "ok" if self.success else "failed"
        return f"<Execution {how} in {self.execution_time:.3f} s>"


class CodeExecutor:
    """Runs Python, JavaScript and shell code. `timeout` is in seconds."""

    def __init__(self, timeout=None):
        self.timeout = timeout

    def _execute(self, tool, code):
        arguments = {"code": code}
        if self.timeout is not None:
            arguments["timeout_s"] = self.timeout
        try:
            told = _companion.call(tool, **arguments)
        except _companion.ToolError as error:
            # Code that failed has still something to show.
            if not isinstance(error.output, dict):
                raise
            told = error.output
        return Execution(told)

    def execute_python(self, code):
        return self._execute("run_python", code)

    def execute_javascript(self, code):
        return self._execute("run_javascript", code)

    def execute_shell(self, code):
        return self._execute("run_shell", code)
