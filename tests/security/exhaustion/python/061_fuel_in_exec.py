# A loop in exec in a function of a class, counted.
# fuel: 100000
# expect: limit
class C:
    def run(self):
        exec("while True: pass")


C().run()
