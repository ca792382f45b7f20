# Asks the kernel for what a sandbox denies, by number.
perl -e '
for my $call ([165, "mount"], [166, "umount"], [161, "chroot"], [155, "pivot_root"], [246, "kexec_load"], [175, "init_module"], [167, "swapon"], [308, "setns"], [304, "open_by_handle_at"], [321, "bpf"], [298, "perf_event_open"], [323, "userfaultfd"], [425, "io_uring_setup"], [310, "process_vm_readv"], [250, "keyctl"], [428, "open_tree"], [430, "fsopen"]) {
  my $got = syscall($call->[0], 0, 0, 0, 0, 0);
  print "ESCAPED $call->[1]\n" if $got >= 0 && $call->[1] ne "keyctl";
}'
echo ATTEMPTED
