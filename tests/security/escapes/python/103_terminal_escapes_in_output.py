# Escape sequences for titles, clipboards, links, pictures and the cursor, in plain output.
# run: terminal
print("ATTEMPTED")
for text in (
    "\x1b]0;title\x07", "\x1b]52;c;aGVsbG8=\x07", "\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[H", "\x1b[?1049h", "\x1bPq#0;2;0;0;0#0~~\x1b\\", "\x1b_Gf=100;AAAA\x1b\\", "\x1b]1337;File=:AAAA\x07",
    "\x9b31m", "\x9d0;x\x9c", "\u202eevil\u202c", "\u200b", "\x1b[6n", "\x1b[c", "\x1b[>q", "\x1bc", "\x07" * 3, "\x1b]50;x\x07",
    "a" + "\u0301" * 1000, "\x1b[5i", "\x1b[21t", "\x1bP$q\"p\x1b\\", "\x1b[?1003h",
):
    print(text)
import sys

sys.stderr.write("\x1b]0;from stderr\x07\n")
sys.stdout.write("\x1b")
sys.stdout.flush()
sys.stdout.write("]0;in two pieces\x07\n")
sys.stdout.buffer.write(b"\x1b]0;bytes\x07\xff\n")
