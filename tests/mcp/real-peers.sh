#!/usr/bin/env bash
# companion against the peers that others wrote, from npm: as a server, the conformance suite and the
# inspector; as a client, the reference server "everything" over stdio and HTTP.
#
#     tests/mcp/real-peers.sh PATH-TO-COMPANION
#
# The packages go into a folder in ~/.cache; the suite needs Node 22, which is one of them.
set -euo pipefail
companion=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
packages="${XDG_CACHE_HOME:-$HOME/.cache}/companion-ci/mcp-peers"
mkdir -p "$packages"
cd "$packages"
npm install --no-audit --no-fund --silent node@22 @modelcontextprotocol/conformance@0.1.16 \
    @modelcontextprotocol/inspector@2.12.0 @modelcontextprotocol/server-everything@2026.8.31
export PATH="$packages/node_modules/.bin:$PATH"

home=$(mktemp -d)
started=()
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$home"
}
trap finish EXIT
mkdir -p "$home/config" "$home/work"
cd "$home/work"
folders=(--data-dir "$home/data" --config-dir "$home/config" --cache-dir "$home/cache")
printf '[default]\nmcp = "allow"\n' >"$home/config/tools.toml"

fail() {
    echo "real-peers: $*" >&2
    exit 1
}
expect() { # what a text has to hold, and what it is about
    grep -qF -- "$1" <<<"$3" || fail "$2: no $1 in: $3"
}

# --- the server: the conformance suite
"$companion" mcp --http 127.0.0.1:0 --functions "$here/conformance-tools.py" "${folders[@]}" 2>"$home/server.log" &
started+=($!)
for _ in $(seq 100); do
    url=$(sed -n 's/.*listening on //p' "$home/server.log")
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || fail "the server does not listen: $(cat "$home/server.log")"
conformance server --url "$url" --expected-failures "$here/conformance-expected-failures.yml" \
    >"$home/conformance.log" 2>&1 || { tail -60 "$home/conformance.log" >&2; fail "conformance"; }
sed -n '/=== SUMMARY/,$p' "$home/conformance.log"

# --- the server: the inspector, over HTTP and over stdio
inspect() { mcp-inspector --cli "$@" 2>&1; }
expect '"run_python"' "inspector, HTTP" "$(inspect "$url" --transport http --method tools/list)"
expect '42' "inspector, HTTP" "$(inspect "$url" --transport http --method tools/call \
    --tool-name run_python --tool-arg 'code=print(6 * 7)')"
stdio=("$companion" mcp "${folders[@]}")
expect '"imagine"' "inspector, stdio" "$(inspect --method tools/list --strict -- "${stdio[@]}")"
expect 'companion://history/recent' "inspector, stdio" \
    "$(inspect --method resources/list -- "${stdio[@]}")"
expect 'run_and_explain' "inspector, stdio" "$(inspect --method prompts/list -- "${stdio[@]}")"

# --- the client: the reference server
everything="$packages/node_modules/.bin/mcp-server-everything"
port=$((20000 + RANDOM % 20000))
PORT=$port "$everything" streamableHttp >"$home/everything.log" 2>&1 &
started+=($!)
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
cat >"$home/config/mcp.json" <<JSON
{ "mcpServers": {
    "everything": { "command": "$everything", "args": ["stdio"] },
    "far": { "type": "http", "url": "http://127.0.0.1:$port/mcp" }
} }
JSON
tools() { "$companion" tools "$@" "${folders[@]}" 2>&1; }
listed=$(tools list --source mcp)
for server in everything far; do
    expect "$server/echo" "client, list" "$listed"
    expect 'hello there' "client, $server" \
        "$(tools call "$server/echo" --args '{"message": "hello there"}')"
    expect '5' "client, $server" "$(tools call "$server/get-sum" --args '{"a": 2, "b": 3}')"
    expect 'PNG' "client, $server" "$(image=$(tools call "$server/get-tiny-image" --json |
        sed -n 's/.*"blob":"\([0-9a-f]\{64\}\)".*/\1/p') &&
        tools call image_info --args "{\"image\": \"$image\"}")"
    expect 'temperature' "client, $server" \
        "$(tools call "$server/get-structured-content" --args '{"location": "New York"}' --json)"
    tools call "$server/echo" --args '{"massage": 1}' >/dev/null && fail "wrong arguments were taken"
done
echo "real-peers: all is well"
