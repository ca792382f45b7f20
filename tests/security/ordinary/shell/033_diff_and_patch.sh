# Comparing files.
printf 'a\nb\nc\n' > one; printf 'a\nB\nc\n' > two; diff one two; cmp -s one one && echo equal; comm -12 one two; paste one two | head -1; join one two 2>/dev/null | wc -l
