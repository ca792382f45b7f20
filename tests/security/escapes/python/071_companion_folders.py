# Writes into companion's own configuration and history.
import os

print("ATTEMPTED")
for folder in "@CONFIG_DIR@", "@DATA_DIR@":
    for name in "config.toml", "policy.toml", "themes/x.toml", "journal", "x":
        for write in (
            lambda: open(folder + "/" + name, "w").write("x"),
            lambda: os.mkdir(folder + "/" + name),
            lambda: os.close(os.open(folder + "/" + name, os.O_CREAT | os.O_WRONLY)),
        ):
            try:
                print("ESCAPED", write())
            except Exception as error:
                type(error)
