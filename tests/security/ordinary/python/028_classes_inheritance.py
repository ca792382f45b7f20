# Multiple inheritance, super, properties and class methods.
class Animal:
    count = 0

    def __init__(self, name):
        self._name = name
        Animal.count += 1

    @property
    def name(self):
        return self._name.title()

    @classmethod
    def make(cls, name):
        return cls(name)

    @staticmethod
    def kingdom():
        return "animalia"

    def speak(self):
        return "..."


class Swimmer:
    def speak(self):
        return "blub " + super().speak()


class Duck(Swimmer, Animal):
    def speak(self):
        return "quack " + super().speak()


duck = Duck.make("donald")
print(duck.name, duck.speak(), Duck.kingdom(), Animal.count, [c.__name__ for c in Duck.mro()], issubclass(Duck, Animal))
