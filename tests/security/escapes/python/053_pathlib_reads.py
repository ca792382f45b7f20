# pathlib by every verb that touches a file.
import pathlib

path = pathlib.Path("@SECRET_PATH@")
target = pathlib.Path("@TARGET_DIR@")
print("ATTEMPTED")
for act in (
    path.read_text, path.read_bytes, path.stat, path.exists, path.is_file, path.resolve, path.owner,
    lambda: list(target.iterdir()), lambda: list(target.glob("**/*")), lambda: target.joinpath("x").touch(),
    lambda: target.joinpath(".bashrc").write_text("x"), lambda: target.joinpath(".vimrc").unlink(),
    lambda: target.joinpath("l").symlink_to(path), lambda: target.joinpath(".npmrc").chmod(0), lambda: pathlib.Path.home().iterdir(),
    lambda: path.rename(target / "y"), lambda: target.joinpath("h").hardlink_to(path),
):
    try:
        got = act()
        if got not in (False, None, []) and not isinstance(got, pathlib.Path):
            print("ESCAPED", got)
    except Exception as error:
        print(type(error).__name__)
