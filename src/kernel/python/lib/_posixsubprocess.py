# Stands in for the module that starts processes: there are none in the sandbox.

fork_exec = _deny("fork_exec", "processes are closed in the sandbox")
