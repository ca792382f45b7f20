"""Functions as tools, by name."""

import companion as _companion
from companion import ToolError, tool

__all__ = ["ToolError", "ToolRegistry", "tool"]


class ToolRegistry:
    """The tools that there are: companion's, and those that were registered here."""

    def register(self, function, **options):
        """Makes a function a tool, if `@tool` has not yet; gives it back."""
        if getattr(function, "__tool__", None) is None or options:
            return tool(function, **options)
        _companion._register(function.__tool__)
        return function

    def unregister(self, name):
        return _companion.remove_tool(name)

    def execute(self, name, /, **arguments):
        """Calls a tool, with arguments that are checked before."""
        return _companion.call(name, **arguments)

    def list_tools(self):
        """The names of all tools."""
        return _companion.refresh()

    def __contains__(self, name):
        return name in _companion.refresh()
