# Resolves names, pings, and looks at the network of the host.
getent hosts example.com && echo ESCAPED a name was resolved; timeout 1 ping -c 1 127.0.0.1 >/dev/null 2>&1 && echo pinged itself; nslookup example.com; ip route | grep -q default && echo ESCAPED a route; cat /proc/net/tcp | wc -l
grep -qi "$(printf '%04x' @TCP_PORT@)" /proc/net/tcp 2>/dev/null && echo ESCAPED the listeners of the host are seen
echo ATTEMPTED
