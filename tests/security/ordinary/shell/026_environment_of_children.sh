# export reaches children, and a prefix only one.
A=1; export B=2; sh -c 'echo "${A:-unset} $B"'; C=3 sh -c 'echo $C'; echo "${C:-unset}"
