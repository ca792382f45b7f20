# Pickles, copies and deep copies of one's own classes.
import copy
import pickle


class Node:
    def __init__(self, value, children=()):
        self.value, self.children = value, list(children)

    def __eq__(self, other):
        return self.value == other.value and self.children == other.children


tree = Node(1, [Node(2), Node(3, [Node(4)])])
print(pickle.loads(pickle.dumps(tree)) == tree, copy.deepcopy(tree) == tree, copy.copy(tree).children is tree.children)
print(pickle.loads(pickle.dumps({"a": (1, 2.5, None, b"x", {3})})))
