# tar and gzip in scratch.
mkdir in; echo content > in/file; tar czf a.tgz in; rm -r in; tar xzf a.tgz; cat in/file; gzip -c in/file | gunzip; tar tzf a.tgz
