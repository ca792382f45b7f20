class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next


class LinkedList:
    def __init__(self, items=()):
        self.head = None
        for item in reversed(list(items)):
            self.head = Node(item, self.head)

    def __iter__(self):
        node = self.head
        while node:
            yield node.value
            node = node.next

    def reverse(self):
        previous, node = None, self.head
        while node:
            node.next, previous, node = previous, node, node.next
        self.head = previous
        return self

    def __repr__(self):
        return " -> ".join(map(str, self)) or "empty"


print(LinkedList([1, 2, 3]), LinkedList([1, 2, 3]).reverse(), LinkedList())


class BST:
    def __init__(self):
        self.root = None

    def insert(self, key):
        def go(node):
            if node is None:
                return [key, None, None]
            side = 1 if key < node[0] else 2
            node[side] = go(node[side])
            return node

        self.root = go(self.root)

    def walk(self, node="root"):
        node = self.root if node == "root" else node
        if node:
            yield from self.walk(node[1])
            yield node[0]
            yield from self.walk(node[2])

    def height(self, node="root"):
        node = self.root if node == "root" else node
        return 0 if node is None else 1 + max(self.height(node[1]), self.height(node[2]))


tree = BST()
for key in [50, 30, 70, 20, 40, 60, 80]:
    tree.insert(key)
print(list(tree.walk()), tree.height())


class LRU:
    def __init__(self, capacity):
        self.capacity, self.data = capacity, {}

    def get(self, key):
        if key not in self.data:
            return -1
        self.data[key] = self.data.pop(key)
        return self.data[key]

    def put(self, key, value):
        self.data.pop(key, None)
        self.data[key] = value
        if len(self.data) > self.capacity:
            del self.data[next(iter(self.data))]


cache = LRU(2)
cache.put(1, 1)
cache.put(2, 2)
print(cache.get(1))
cache.put(3, 3)
print(cache.get(2), cache.get(3), list(cache.data))


class Trie:
    def __init__(self):
        self.children, self.end = {}, False

    def add(self, word):
        node = self
        for c in word:
            node = node.children.setdefault(c, Trie())
        node.end = True

    def find(self, prefix):
        node = self
        for c in prefix:
            if c not in node.children:
                return []
            node = node.children[c]
        out, stack = [], [(node, prefix)]
        while stack:
            node, word = stack.pop()
            if node.end:
                out.append(word)
            stack += [(child, word + c) for c, child in node.children.items()]
        return sorted(out)


trie = Trie()
for word in "car card care cat dog".split():
    trie.add(word)
print(trie.find("car"), trie.find("x"))
