//! Colours and weights of text, as SGR sequences set them.

/// A colour of SGR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SgrColor {
    /// One of the terminal's 256; the first 16 are its own.
    Indexed(u8),
    /// 24 bits.
    Rgb(u8, u8, u8),
}

/// What SGR sequences have switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the standard, and they combine freely"
)]
pub(crate) struct SgrStyle {
    /// Colour of the letters; none is the default.
    pub foreground: Option<SgrColor>,
    /// Colour behind them; none is the default.
    pub background: Option<SgrColor>,
    /// SGR 1.
    pub bold: bool,
    /// SGR 2.
    pub dim: bool,
    /// SGR 3.
    pub italic: bool,
    /// SGR 4.
    pub underline: bool,
    /// SGR 7.
    pub reverse: bool,
    /// SGR 9.
    pub crossed_out: bool,
}

impl SgrStyle {
    /// Applies the parameters of one SGR sequence (`1;31`). Unknown ones are passed over. False
    /// if one of them would conceal text: then the sequence must not reach a terminal.
    pub fn apply(&mut self, parameters: &str) -> bool {
        let mut harmless = true;
        let mut fields = parameters.split(';');
        while let Some(field) = fields.next() {
            let mut parts = field.split(':');
            let code = number(parts.next().unwrap_or_default());
            match code {
                38 | 48 | 58 => {
                    let color = if field.contains(':') {
                        colon_color(&parts.map(number).collect::<Vec<_>>())
                    } else {
                        semicolon_color(&mut fields)
                    };
                    match (code, color) {
                        (38, Some(color)) => self.foreground = Some(color),
                        (48, Some(color)) => self.background = Some(color),
                        _ => {}
                    }
                }
                4 => self.underline = parts.next().is_none_or(|kind| number(kind) != 0),
                5 | 6 | 8 => harmless = false,
                _ => self.apply_simple(code),
            }
        }
        harmless
    }

    fn apply_simple(&mut self, code: u16) {
        match code {
            0 => *self = Self::default(),
            1 => self.bold = true,
            2 => self.dim = true,
            3 => self.italic = true,
            7 => self.reverse = true,
            9 => self.crossed_out = true,
            21 | 22 => (self.bold, self.dim) = (false, false),
            23 => self.italic = false,
            24 => self.underline = false,
            27 => self.reverse = false,
            29 => self.crossed_out = false,
            30..=37 => self.foreground = indexed(code - 30),
            39 => self.foreground = None,
            40..=47 => self.background = indexed(code - 40),
            49 => self.background = None,
            90..=97 => self.foreground = indexed(code - 90 + 8),
            100..=107 => self.background = indexed(code - 100 + 8),
            _ => {}
        }
    }
}

/// A parameter; an empty one is 0, one that is too large means nothing.
fn number(text: &str) -> u16 {
    if text.is_empty() {
        0
    } else {
        text.parse().unwrap_or(u16::MAX)
    }
}

fn indexed(code: u16) -> Option<SgrColor> {
    u8::try_from(code).ok().map(SgrColor::Indexed)
}

/// `38;5;n` and `38;2;r;g;b`, after the 38.
fn semicolon_color<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<SgrColor> {
    let mut next = || fields.next().map(number);
    match next()? {
        5 => indexed(next()?),
        2 => rgb(next()?, next()?, next()?),
        _ => None,
    }
}

/// `38:5:n`, `38:2:r:g:b` and `38:2:space:r:g:b`, after the 38.
fn colon_color(parts: &[u16]) -> Option<SgrColor> {
    match *parts {
        [5, index] => indexed(index),
        [2, r, g, b] | [2, _, r, g, b, ..] => rgb(r, g, b),
        _ => None,
    }
}

fn rgb(r: u16, g: u16, b: u16) -> Option<SgrColor> {
    let byte = |value| u8::try_from(value).ok();
    Some(SgrColor::Rgb(byte(r)?, byte(g)?, byte(b)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(parameters: &str) -> SgrStyle {
        let mut style = SgrStyle::default();
        style.apply(parameters);
        style
    }

    #[test]
    fn every_form_of_colour_is_understood() {
        let foreground = [
            ("31", Some(SgrColor::Indexed(1))),
            ("97", Some(SgrColor::Indexed(15))),
            ("38;5;208", Some(SgrColor::Indexed(208))),
            ("38;2;1;2;3", Some(SgrColor::Rgb(1, 2, 3))),
            ("38:2:1:2:3", Some(SgrColor::Rgb(1, 2, 3))),
            ("38:2::1:2:3", Some(SgrColor::Rgb(1, 2, 3))),
            ("38;5;999", None),
            ("38;5", None),
            ("31;39", None),
            ("31;", None),
        ];
        for (parameters, expected) in foreground {
            assert_eq!(applied(parameters).foreground, expected, "{parameters}");
        }
        assert_eq!(applied("48;5;8").background, Some(SgrColor::Indexed(8)));
        assert_eq!(applied("104").background, Some(SgrColor::Indexed(12)));
    }

    #[test]
    fn switches_go_on_and_off() {
        let style = applied("1;2;3;4;7;9");
        assert!(style.bold && style.dim && style.italic);
        assert!(style.underline && style.reverse && style.crossed_out);
        assert_eq!(applied("1;2;3;4;7;9;22;23;24;27;29"), SgrStyle::default());
        assert_eq!(applied("1;31;0"), SgrStyle::default());
        assert!(applied("4:3").underline && !applied("4:0").underline);
    }

    #[test]
    fn concealing_is_told() {
        assert!(!SgrStyle::default().apply("8"));
        assert!(!SgrStyle::default().apply("31;8"));
        assert!(SgrStyle::default().apply("38;5;8"));
    }
}
