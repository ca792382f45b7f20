# Links inside of scratch.
echo x > real; ln -s real link; cat link; readlink link; ln real hard; [ real -ef hard ] && echo same; rm real; cat hard; [ -e link ] || echo dangling
