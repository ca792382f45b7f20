# A shift by more bits than there are atoms.
1 << (1 << 40)
