# Heaps, bisection and a shortest path.
import bisect
import heapq

graph = {"a": {"b": 1, "c": 4}, "b": {"c": 2, "d": 6}, "c": {"d": 3}, "d": {}}
distance, queue = {"a": 0}, [(0, "a")]
while queue:
    cost, node = heapq.heappop(queue)
    for target, weight in graph[node].items():
        if cost + weight < distance.get(target, 1 << 30):
            distance[target] = cost + weight
            heapq.heappush(queue, (cost + weight, target))
print(distance, heapq.nsmallest(2, [5, 1, 4]), bisect.bisect([1, 3, 5], 3), heapq.nlargest(1, [1, 9]))
