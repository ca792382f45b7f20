import re


def tokenize(text):
    for number, operator in re.findall(r"\s*(?:(\d+\.?\d*)|(.))", text):
        yield ("num", float(number)) if number else ("op", operator)
    yield ("end", None)


class Parser:
    def __init__(self, text):
        self.tokens = tokenize(text)
        self.advance()

    def advance(self):
        self.kind, self.value = next(self.tokens)

    def expression(self):
        left = self.term()
        while self.value in ("+", "-") and self.kind == "op":
            operator = self.value
            self.advance()
            right = self.term()
            left = left + right if operator == "+" else left - right
        return left

    def term(self):
        left = self.factor()
        while self.value in ("*", "/") and self.kind == "op":
            operator = self.value
            self.advance()
            right = self.factor()
            left = left * right if operator == "*" else left / right
        return left

    def factor(self):
        if self.kind == "num":
            value = self.value
            self.advance()
            if self.value == "^":
                self.advance()
                return value ** self.factor()
            return value
        if self.value == "-":
            self.advance()
            return -self.factor()
        if self.value == "(":
            self.advance()
            value = self.expression()
            if self.value != ")":
                raise SyntaxError("expected )")
            self.advance()
            return value
        raise SyntaxError(f"unexpected {self.value!r}")


for text in ("1 + 2 * 3", "(1 + 2) * 3", "-4 / 2 - 1", "2 ^ 3 ^ 2", "10 / 4", "((2))", "1 +", "(1", "1 / 0"):
    try:
        print(text, "=", Parser(text).expression())
    except (SyntaxError, ZeroDivisionError) as error:
        print(text, "->", type(error).__name__)
