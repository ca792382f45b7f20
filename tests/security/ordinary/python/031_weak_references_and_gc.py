# Weak references, finalizers and the collector.
import gc
import weakref


class Node:
    pass


node = Node()
node.self = node
reference = weakref.ref(node)
cache = weakref.WeakValueDictionary(a=node)
print(reference() is node, "a" in cache)
del node
gc.collect()
print(reference() is None, len(cache))
