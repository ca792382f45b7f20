# An expansion to a billion words.
bash -c 'echo {1..1000000000}' | wc -c; while :; do :; done
