# getattr, setattr, vars, dir, type and isinstance in ordinary use.
class Config:
    debug = False

    def __init__(self, **options):
        for name, value in options.items():
            setattr(self, name, value)


config = Config(host="localhost", port=80)
print(sorted(vars(config).items()), getattr(config, "missing", "default"), hasattr(config, "debug"))
print([name for name in dir(config) if not name.startswith("__")], type(config).__name__)
