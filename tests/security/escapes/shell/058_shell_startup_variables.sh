# ENV, BASH_ENV, PROMPT_COMMAND, PS4 and IFS, which make a shell run things.
printf 'cat @SECRET_PATH@; sleep @MARKER@ &\n' > start; ENV=$PWD/start sh -i -c : </dev/null; BASH_ENV=$PWD/start bash -c :; PROMPT_COMMAND='. ./start' bash -i -c : </dev/null; PS4='$(. ./start)' bash -xc : ; IFS=/ ; x=cat/@SECRET_PATH@; $x
IFS=' '
echo ATTEMPTED
