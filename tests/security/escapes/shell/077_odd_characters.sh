# A program with carriage returns, null bytes, and characters that turn the direction round.
printf 'cat @SECRET_PATH@\r\n' | sh; printf 'cat\0 @SECRET_PATH@' | sh; printf 'echo safe \342\200\256; cat @SECRET_PATH@ \342\200\254\n' | sh; sh -c "$(printf 'cat\t@SECRET_PATH@\v')"
echo ATTEMPTED
