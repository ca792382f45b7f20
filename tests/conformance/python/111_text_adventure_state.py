import random

ROOMS = {
    "hall": {"north": "kitchen", "east": "library"},
    "kitchen": {"south": "hall"},
    "library": {"west": "hall", "up": "attic"},
    "attic": {"down": "library"},
}


class Game:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.room, self.steps, self.visited = "hall", 0, {"hall"}

    def __getattr__(self, name):
        if name.startswith("go_"):
            return lambda: self.go(name[3:])
        raise AttributeError(name)

    def go(self, direction):
        match ROOMS[self.room].get(direction):
            case None:
                return "blocked"
            case room:
                self.room = room
                self.steps += 1
                self.visited |= {room}
                return f"-> {room}"

    def wander(self, limit=100):
        while len(self.visited) < len(ROOMS) and self.steps < limit:
            self.go(self.random.choice(sorted(ROOMS[self.room])))
        return self.steps


game = Game(1)
print(game.go_north(), game.go_up(), game.go_south(), game.go("east"), game.room, game.steps)
print(Game(3).wander(), sorted(Game(3).visited))


def shortest(start, goal):
    queue = [(start, [])]
    seen = {start}
    while queue:
        room, path = queue.pop(0)
        if room == goal:
            return path
        for direction, other in ROOMS[room].items():
            if other not in seen:
                seen.add(other)
                queue.append((other, path + [direction]))


print(shortest("kitchen", "attic"), shortest("hall", "hall"))
try:
    game.fly
except AttributeError as error:
    print("no attribute", error)
