import bisect
import heapq

heap = []
for n in [5, 1, 8, 3, 2]:
    heapq.heappush(heap, n)
print([heapq.heappop(heap) for _ in range(5)])
data = [9, 4, 7, 1]
heapq.heapify(data)
print(data[0], heapq.heappushpop(data, 0), heapq.heapreplace(data, 10), heapq.nsmallest(2, data), heapq.nlargest(2, data))
print(list(heapq.merge([1, 4], [2, 3], [0])), heapq.nlargest(1, ["aa", "b"], key=len))
s = [1, 3, 3, 5]
print(bisect.bisect_left(s, 3), bisect.bisect_right(s, 3), bisect.bisect(s, 4))
bisect.insort(s, 4)
print(s, bisect.bisect_left(["a", "bb", "ccc"], 2, key=len))
graph = {"a": {"b": 1, "c": 4}, "b": {"c": 2, "d": 6}, "c": {"d": 3}, "d": {}}


def dijkstra(start):
    distances, queue = {start: 0}, [(0, start)]
    while queue:
        distance, node = heapq.heappop(queue)
        for neighbour, weight in graph[node].items():
            new = distance + weight
            if new < distances.get(neighbour, float("inf")):
                distances[neighbour] = new
                heapq.heappush(queue, (new, neighbour))
    return distances


print(dijkstra("a"))
