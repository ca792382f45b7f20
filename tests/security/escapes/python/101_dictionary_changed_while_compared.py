# Changes a dictionary, a list and a set while native code walks them.
print("ATTEMPTED")
for Container in dict, set, list:
    class Evil:
        def __hash__(self):
            return 1

        def __eq__(self, other):
            holder.clear()
            return False

    holder = Container()
    for act in (
        lambda: holder.update({Evil(): 1, Evil(): 2}) if Container is dict else None,
        lambda: [holder.add(Evil()) for _ in range(5)] if Container is set else None,
        lambda: (holder.extend([Evil(), Evil()]), holder.index(5), holder.remove(7), holder.count(1)) if Container is list else None,
        lambda: holder == type(holder)(holder),
    ):
        try:
            act()
        except Exception as error:
            print(type(error).__name__)
