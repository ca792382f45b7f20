# Puts a hook into a repository, and a command into its configuration.
import os
import pathlib

print("ATTEMPTED")
repository = pathlib.Path("@TARGET_DIR@/project/.git")
for write in (
    lambda: (repository / "hooks/post-checkout").write_text("#!/bin/sh\nid\n"),
    lambda: (repository / "hooks/pre-commit").chmod(0o755),
    lambda: (repository / "config").write_text("[core]\n\tfsmonitor = id\n"),
    lambda: os.replace("@TARGET_DIR@/project/.git/HEAD", "@TARGET_DIR@/project/.git/hooks/post-merge"),
    lambda: (repository.parent / ".gitattributes").write_text("* filter=x\n"),
):
    try:
        print("ESCAPED", write())
    except Exception as error:
        print(type(error).__name__)
