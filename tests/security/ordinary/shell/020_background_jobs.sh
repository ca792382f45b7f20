# Jobs in the background that are waited for.
(sleep 0.1; echo slow) & echo fast; wait; echo done
