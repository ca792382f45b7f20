# xargs.
printf '1 2 3 4\n' | xargs -n 2 echo pair; printf 'a\nb\n' | xargs -I{} echo '<{}>'
