# Compiles a program that asks the kernel directly, if there is a compiler.
cat > x.c <<'PROGRAM'
#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
int main(void) {
  char text[100] = {0};
  int fd = open("@SECRET_PATH@", O_RDONLY);
  if (fd >= 0 && read(fd, text, 99) > 0) puts(text);
  kill(@FOREIGN_PID@, 9);
  if (syscall(SYS_bpf, 0, 0, 0) >= 0) puts("ESCAPED bpf");
  if (syscall(SYS_ptrace, 16, @FOREIGN_PID@, 0, 0) == 0) puts("ESCAPED ptrace");
  if (syscall(SYS_mount, "x", "here", "tmpfs", 0, 0) == 0) puts("ESCAPED mount"), syscall(SYS_umount2, "here", 0);
  if (syscall(SYS_open_by_handle_at, AT_FDCWD, text, 0) >= 0) puts("ESCAPED handle");
  if (syscall(SYS_keyctl, 0, -3, 0) > 0) puts("a keyring");
  if (syscall(SYS_perf_event_open, text, 0, -1, -1, 0) >= 0) puts("ESCAPED perf");
  if (syscall(SYS_io_uring_setup, 1, text) >= 0) puts("ESCAPED uring");
  return 0;
}
PROGRAM
mkdir here; cc x.c -o x && ./x
echo ATTEMPTED
