# System V and POSIX objects that live longer than a process.
ipcmk -M 1024 >/dev/null 2>&1 && ipcs -m | grep -q . ; ipcmk -Q; ipcmk -S 1; ipcs -m 2>/dev/null | grep -q "$(id -un)" && echo made
python3 -c 'from multiprocessing import shared_memory as s; s.SharedMemory("x@MARKER@", True, 10)'
echo ATTEMPTED
