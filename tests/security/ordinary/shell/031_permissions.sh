# chmod, and running a program of one's own.
printf '#!/bin/sh\necho ran "$1"\n' > tool; chmod +x tool; ./tool it; chmod 600 tool; ls -l tool | cut -c1-10
