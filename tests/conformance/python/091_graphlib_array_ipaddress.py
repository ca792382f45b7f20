import array
import ipaddress
from graphlib import CycleError, TopologicalSorter

print(list(TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}}).static_order())[0::3])
try:
    list(TopologicalSorter({"a": ["b"], "b": ["a"]}).static_order())
except CycleError as error:
    print("cycle", sorted(set(error.args[1])))
a = array.array("i", [1, 2, 3])
a.append(4)
print(a, a.typecode, a.itemsize, a[1:3], a.tobytes()[:4], sum(a), a.index(3))
a.extend(array.array("i", [9]))
print(list(a), array.array("d", [1.5]).tolist(), array.array("u", "hé"))
try:
    a.append("x")
except TypeError:
    print("TypeError")
ip = ipaddress.ip_address("192.168.1.10")
print(ip, ip.is_private, int(ip), ip + 1, ipaddress.ip_address("::1").is_loopback)
net = ipaddress.ip_network("10.0.0.0/29")
print(net.num_addresses, list(net.hosts())[:2], ip in net, net.netmask, net.broadcast_address, list(net.subnets(1)))
try:
    ipaddress.ip_address("300.1.1.1")
except ValueError as error:
    print(error)
