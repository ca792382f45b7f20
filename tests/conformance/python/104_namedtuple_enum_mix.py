from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple


class Suit(Enum):
    CLUBS, DIAMONDS, HEARTS, SPADES = "♣♦♥♠"

    def __str__(self):
        return self.value


class Card(NamedTuple):
    rank: int
    suit: Suit

    def __str__(self):
        return f"{'0A23456789TJQK'[self.rank]}{self.suit}"


@dataclass
class Hand:
    cards: list[Card] = field(default_factory=list)

    def __str__(self):
        return " ".join(map(str, self.cards))

    def __len__(self):
        return len(self.cards)


deck = [Card(rank, suit) for suit in Suit for rank in range(1, 14)]
print(len(deck), deck[0], deck[-1], Hand(deck[:3]), len(Hand(deck[10:15])))
print(Card(1, Suit.HEARTS)._replace(rank=5), Card(2, Suit.CLUBS) == (2, Suit.CLUBS), Suit("♥"))


class Role(StrEnum):
    ADMIN = "admin"
    GUEST = "guest"


print(Role.ADMIN, Role.ADMIN == "admin", f"{Role.GUEST:>8}", Role("guest").name, [r.value for r in Role])
Pair = namedtuple("Pair", ["left", "right"])


class Ordered(Pair):
    def swap(self):
        return Ordered(self.right, self.left)


print(Ordered(1, 2).swap(), Ordered(1, 2) < Ordered(1, 3), Pair(**{"left": 0, "right": 9}))
try:
    Pair(1)
except TypeError as error:
    print("TypeError")
try:
    Pair(1, 2).left = 3
except AttributeError as error:
    print(error)
