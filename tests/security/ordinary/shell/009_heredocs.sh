# Here-documents, with and without expansion.
name=you
cat <<END
hello $name $((1 + 1))
END
cat <<'END'
hello $name
END
