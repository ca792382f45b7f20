#!/usr/bin/env python3
"""Draws a terminal screen as an SVG: `tmux capture-pane -ep | docs/picture.py > docs/screen.svg`."""

import re
import sys
import unicodedata
from html import escape

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN = 8.4, 18, 14, 14
GROUND, TEXT = "#1a1b22", "#d7d7de"
ANSI = [
    "#2b2d37", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
    "#6b7080", "#ff7b86", "#b5e08f", "#ffd68a", "#7cc4ff", "#dd90f0", "#6fd3df", "#ffffff",
]


def indexed(number):
    """A colour of the 256."""
    if number < 16:
        return ANSI[number]
    if number < 232:
        number -= 16
        levels = [0, 95, 135, 175, 215, 255]
        return "#%02x%02x%02x" % (levels[number // 36], levels[number // 6 % 6], levels[number % 6])
    return "#" + "%02x" % (8 + (number - 232) * 10) * 3


def apply(style, parameters):
    """Takes the parameters of an SGR sequence into a style."""
    codes = [int(code or 0) for code in re.split("[;:]", parameters)] or [0]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.clear()
        elif code in (1, 2, 3, 4, 7):
            style[code] = True
        elif code == 22:
            style.pop(1, None), style.pop(2, None)
        elif code in (23, 24, 27):
            style.pop(code - 20, None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["fg"] = ANSI[code - 30 if code < 40 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["bg"] = ANSI[code - 40 if code < 50 else code - 92]
        elif code in (38, 48):
            name = "fg" if code == 38 else "bg"
            if codes.pop(0) == 5:
                style[name] = indexed(codes.pop(0))
            else:
                style[name] = "#%02x%02x%02x" % tuple(codes.pop(0) for _ in range(3))
        elif code in (39, 49):
            style.pop("fg" if code == 39 else "bg", None)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    shapes, letters, columns, style = [], [], 0, {}
    for row, line in enumerate(lines):
        column = 0
        for part in re.split("(\x1b\\[[0-9;:]*m)", line):
            if part.startswith("\x1b"):
                apply(style, part[2:-1])
                continue
            fg, bg = style.get("fg", TEXT), style.get("bg")
            if style.get(7):
                fg, bg = bg or GROUND, fg
            for letter in part:
                wide = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
                x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
                size = f'width="{wide * CELL_WIDTH + 0.4:.1f}"'
                if bg:
                    shapes.append(f'<rect x="{x:.1f}" y="{y}" {size} height="{CELL_HEIGHT}" fill="{bg}"/>')
                if letter == "▀":
                    half = CELL_HEIGHT / 2
                    shapes.append(f'<rect x="{x:.1f}" y="{y}" {size} height="{half}" fill="{fg}"/>')
                elif letter != " ":
                    looks = "".join(
                        f' {attribute}' for code, attribute in
                        ((1, 'font-weight="bold"'), (2, 'opacity="0.6"'), (3, 'font-style="italic"'),
                         (4, 'text-decoration="underline"')) if style.get(code)
                    )
                    letters.append(
                        f'<text x="{x:.1f}" y="{y + 13.5}" fill="{fg}"{looks}>{escape(letter)}</text>'
                    )
                column += wide
        columns = max(columns, column)
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
          f' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    print("\n".join(shapes + letters))
    print("</svg>")


main()
