class InsufficientFunds(Exception):
    def __init__(self, needed, available):
        super().__init__(f"needed {needed:.2f}, available {available:.2f}")


class Account:
    _next = 1

    def __init__(self, owner, balance=0.0):
        self.owner, self._balance, self.history = owner, balance, []
        self.number, Account._next = Account._next, Account._next + 1

    @property
    def balance(self):
        return self._balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("deposit must be positive")
        self._balance += amount
        self.history.append(("deposit", amount))
        return self

    def withdraw(self, amount):
        if amount > self._balance:
            raise InsufficientFunds(amount, self._balance)
        self._balance -= amount
        self.history.append(("withdraw", amount))
        return self

    def __str__(self):
        return f"#{self.number} {self.owner}: {self._balance:,.2f}"


class Savings(Account):
    rate = 0.05

    def add_interest(self):
        return self.deposit(self._balance * self.rate)


a, b = Account("Ada", 100), Savings("Bob", 2000)
a.deposit(50).withdraw(30)
b.add_interest()
print(a, b, a.history, sep="\n")
for action in (lambda: a.withdraw(1e6), lambda: a.deposit(-1)):
    try:
        action()
    except (InsufficientFunds, ValueError) as error:
        print(f"{type(error).__name__}: {error}")
print(sorted([a, b], key=lambda account: -account.balance)[0].owner)
