# Nine to the power of nine to the power of nine.
9**9**9
