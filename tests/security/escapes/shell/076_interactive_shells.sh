# Shells that would wait for a person: sh -i, bash -i, script, expect, a debugger.
timeout 1 sh -i </dev/null; timeout 1 bash -i </dev/null; timeout 1 script -qc 'cat @SECRET_PATH@' /dev/null </dev/null; timeout 1 expect -c 'spawn cat @SECRET_PATH@; expect eof'; timeout 1 python3 -i </dev/null; read -r answer; echo "answer: $answer"
echo ATTEMPTED
