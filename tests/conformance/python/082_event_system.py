from collections import defaultdict


class Emitter:
    def __init__(self):
        self.listeners = defaultdict(list)

    def on(self, event):
        def decorate(function):
            self.listeners[event].append(function)
            return function

        return decorate

    def emit(self, event, *args, **kwargs):
        return [listener(*args, **kwargs) for listener in self.listeners[event]]


emitter = Emitter()


@emitter.on("greet")
def hello(name):
    return f"hello {name}"


@emitter.on("greet")
def bye(name):
    return f"bye {name}"


print(emitter.emit("greet", "Ada"), emitter.emit("nothing"))


class StateMachine:
    transitions = {("idle", "start"): "running", ("running", "pause"): "paused", ("paused", "start"): "running", ("running", "stop"): "idle"}

    def __init__(self):
        self.state, self.log = "idle", []

    def send(self, event):
        new = self.transitions.get((self.state, event))
        if new is None:
            self.log.append(f"ignored {event} in {self.state}")
        else:
            self.log.append(f"{self.state} -> {new}")
            self.state = new


machine = StateMachine()
for event in "start pause stop start stop".split():
    machine.send(event)
print(*machine.log, sep="\n")


def coroutine_average():
    total, count, average = 0.0, 0, None
    while True:
        value = yield average
        total, count = total + value, count + 1
        average = total / count


averager = coroutine_average()
next(averager)
print([averager.send(v) for v in (10, 20, 60)])
