# Checksums and encodings.
printf hello | sha256sum; printf hello | md5sum; printf hello | base64; printf aGVsbG8= | base64 -d; echo; printf hello | od -An -tx1; printf abc | wc -c
