//! How many colours a terminal has, and the nearest of them.

use ratatui::style::Color;

/// How many colours a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ColorDepth {
    /// The 16 that the terminal's user has chosen.
    Ansi16,
    /// Those, a cube of 216, and 24 greys.
    Indexed256,
    /// 24 bits.
    Truecolor,
}

impl ColorDepth {
    /// What the variables `COLORTERM` and `TERM` tell.
    pub fn detect(colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::Truecolor
        } else if term.contains("256color") {
            Self::Indexed256
        } else {
            Self::Ansi16
        }
    }

    /// The nearest colour that there is.
    pub fn nearest(self, color: Color) -> Color {
        match (self, color) {
            (Self::Indexed256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_256([r, g, b])),
            (Self::Ansi16, Color::Rgb(r, g, b)) => nearest_16([r, g, b]),
            (Self::Ansi16, Color::Indexed(index @ 16..)) => nearest_16(rgb_of(index)),
            (Self::Ansi16, Color::Indexed(index)) => ANSI[usize::from(index)].0,
            _ => color,
        }
    }
}

/// The 16 colours as xterm draws them. Other terminals differ, but not in kind.
const ANSI: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// Levels of the 6 × 6 × 6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What one of the 256 looks like.
pub(super) fn rgb_of(index: u8) -> [u8; 3] {
    match index {
        0..16 => ANSI[usize::from(index)].1,
        16..232 => {
            let level = |step: u8| CUBE[usize::from((index - 16) / step % 6)];
            [level(36), level(6), level(1)]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// The first 16 are not considered: nobody knows what they look like. Two candidates are enough:
/// each part's nearest level of the cube, and the grey next to the mean.
pub(crate) fn nearest_256(rgb: [u8; 3]) -> u8 {
    let [red, green, blue] = rgb.map(|part| {
        let levels = (0_u8..).zip(CUBE);
        let nearest = levels.min_by_key(|(_, level)| level.abs_diff(part));
        nearest.map_or(0, |(index, _)| index)
    });
    // Weighted as in `distance`.
    let mean = (3 * u32::from(rgb[0]) + 4 * u32::from(rgb[1]) + 2 * u32::from(rgb[2])) / 9;
    let grey = (mean.saturating_sub(3) / 10).min(23);
    let candidates = [
        16 + 36 * red + 6 * green + blue,
        232 + u8::try_from(grey).unwrap_or(23),
    ];
    let nearest = candidates
        .into_iter()
        .min_by_key(|&index| distance(rgb_of(index), rgb));
    nearest.unwrap_or(16)
}

/// A pale colour is nearer to grey than to its own hue in numbers, not to the eye: so the hue
/// decides where there is one, and the lightness where there is none.
fn nearest_16(rgb: [u8; 3]) -> Color {
    let (low, high) = (rgb.into_iter().min(), rgb.into_iter().max());
    let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
    if high - low < 40 {
        return match high {
            0..64 => Color::Black,
            64..170 => Color::DarkGray,
            170..235 => Color::Gray,
            235.. => Color::White,
        };
    }
    let pure = rgb.map(|part| {
        let part = u16::from(part - low) * 255 / u16::from(high - low);
        u8::try_from(part).unwrap_or(u8::MAX)
    });
    let hue = ANSI[9..15].iter().enumerate().min_by_key(|(_, (_, ansi))| {
        distance(ansi.map(|part| if part > 92 { 255 } else { 0 }), pure)
    });
    let at = hue.map_or(0, |(at, _)| at);
    let bright = high > 170 && low > 60;
    ANSI[if bright { 9 + at } else { 1 + at }].0
}

/// Squared, weighted by how well the eye tells each part.
fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let part = |at: usize, weight: u32| weight * u32::from(a[at].abs_diff(b[at])).pow(2);
    part(0, 3) + part(1, 4) + part(2, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_the_depth() {
        let table = [
            (Some("truecolor"), Some("xterm"), ColorDepth::Truecolor),
            (Some("24bit"), None, ColorDepth::Truecolor),
            (Some("yes"), Some("xterm-256color"), ColorDepth::Indexed256),
            (None, Some("xterm-direct"), ColorDepth::Truecolor),
            (None, Some("linux"), ColorDepth::Ansi16),
            (None, None, ColorDepth::Ansi16),
        ];
        for (colorterm, term, depth) in table {
            assert_eq!(ColorDepth::detect(colorterm, term), depth);
        }
    }

    #[test]
    fn colours_go_to_the_nearest() {
        let table = [
            (Color::Rgb(255, 0, 0), Color::Indexed(196), Color::Red),
            (
                Color::Rgb(255, 120, 130),
                Color::Indexed(210),
                Color::LightRed,
            ),
            (
                Color::Rgb(140, 147, 163),
                Color::Indexed(246),
                Color::DarkGray,
            ),
            (Color::Rgb(20, 22, 26), Color::Indexed(233), Color::Black),
            (Color::Rgb(30, 95, 190), Color::Indexed(25), Color::Blue),
            (Color::Indexed(208), Color::Indexed(208), Color::Yellow),
            (Color::Indexed(3), Color::Indexed(3), Color::Yellow),
            (Color::Cyan, Color::Cyan, Color::Cyan),
            (Color::Reset, Color::Reset, Color::Reset),
        ];
        for (color, of_256, of_16) in table {
            assert_eq!(ColorDepth::Indexed256.nearest(color), of_256, "{color:?}");
            assert_eq!(ColorDepth::Ansi16.nearest(color), of_16, "{color:?}");
            assert_eq!(ColorDepth::Truecolor.nearest(color), color);
        }
    }
}
