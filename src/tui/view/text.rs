//! Text for the screen: its width, its lines, and numbers as people read them.

use std::borrow::Cow;
use std::time::Duration;

pub(crate) use crate::picture::shown_size as bytes;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::protocol::MemoryForecast;

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to so many columns; a cut is marked by `…`.
pub(crate) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let (end, _) = prefix(text, columns - 1);
    Cow::Owned(format!("{}…", &text[..end]))
}

/// The end, in bytes, of what fits in so many columns, and the columns that it takes.
pub(crate) fn prefix(text: &str, columns: usize) -> (usize, usize) {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        let next = used + grapheme.width();
        if next > columns {
            return (at, used);
        }
        used = next;
    }
    (text.len(), used)
}

/// A bar of so many columns, filled as far as `done` is of `total`, to an eighth of a column.
pub(crate) fn bar(done: u64, total: u64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let all = columns as u64 * 8;
    let filled = all.checked_mul(done.min(total)).unwrap_or(all) / total.max(1);
    let (whole, rest) = (filled / 8, filled % 8);
    let mut bar = "█".repeat(usize::try_from(whole).unwrap_or(columns));
    bar.push_str(EIGHTHS[usize::try_from(rest).unwrap_or(0)]);
    let rest = columns - width(&bar).min(columns);
    bar.push_str(&"░".repeat(rest));
    bar
}

/// `memory: 55 MiB of weights, 22 MiB a step, 36 MiB to decode; 20.4 GiB free`
pub(crate) fn forecast(forecast: &MemoryForecast) -> String {
    let MemoryForecast {
        weights_bytes,
        transformed_bytes,
        denoising_bytes,
        decoding_bytes,
        tile,
        available_bytes,
    } = *forecast;
    let tiles = tile.map(|side| format!(" in tiles of {side}×{side}"));
    let free = available_bytes.map(|free| format!("; {} free", bytes(free)));
    format!(
        "memory: {} of weights, {} a step, {} to decode{}{}",
        bytes(weights_bytes.saturating_add(transformed_bytes)),
        bytes(denoising_bytes),
        bytes(decoding_bytes),
        tiles.unwrap_or_default(),
        free.unwrap_or_default()
    )
}

/// `12.3 it/s · 4 s left`, or `4.1 s/it · 2 min left` where a step is long.
pub(crate) fn speed(steps_per_second: f32, steps_left: u32) -> String {
    let rate = if steps_per_second >= 1.0 {
        format!("{steps_per_second:.1} it/s")
    } else {
        format!("{:.1} s/it", 1.0 / steps_per_second)
    };
    let left = f64::from(steps_left) / f64::from(steps_per_second);
    let left = if left < 90.0 {
        format!("{left:.0} s")
    } else {
        format!("{:.0} min", left / 60.0)
    };
    format!("{rate} · {left} left")
}

/// Lines of at most so many columns, broken at spaces where there are any.
pub(crate) fn wrap_words(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let words = paragraph.trim_start_matches(' ');
        // Code is among the words: it stands as far in as it did, if there is room.
        let first = words.split(' ').next().unwrap_or_default();
        let room = columns.saturating_sub(width(first));
        let mut line = " ".repeat((paragraph.len() - words.len()).min(room));
        for (number, mut word) in words.split(' ').enumerate() {
            if number > 0 {
                let gap = usize::from(!line.is_empty());
                if width(&line) + gap + width(word) > columns && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                if !line.is_empty() {
                    line.push(' ');
                }
            }
            while width(word) > columns {
                let (end, _) = prefix(word, columns);
                // A character may be wider than the screen.
                let end = if end == 0 { word.len() } else { end };
                lines.push(word[..end].to_owned());
                word = &word[end..];
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// `840 µs`, `12 ms`, `3.2 s`, `2 min 5 s`, `1 h 4 min`.
pub(crate) fn duration(time: Duration) -> String {
    let (micros, millis, seconds) = (time.as_micros(), time.as_millis(), time.as_secs());
    match millis {
        0 => format!("{micros} µs"),
        1..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", seconds, millis / 100 % 10),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `950 steps`, `12k steps`, `1.2M steps`: cut, not rounded.
pub(crate) fn steps(fuel: u64) -> String {
    let (unit, letter) = match fuel {
        0..10_000 => return plural(fuel, "step"),
        10_000..1_000_000 => (1_000, 'k'),
        1_000_000..1_000_000_000 => (1_000_000, 'M'),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, 'G'),
        _ => (1_000_000_000_000, 'T'),
    };
    match (fuel / unit, fuel % unit * 10 / unit) {
        (whole, tenth @ 1..) if whole < 10 => format!("{whole}.{tenth}{letter} steps"),
        (whole, _) => format!("{}{letter} steps", count(whole)),
    }
}

/// `1 line`, `2 lines`.
pub(crate) fn plural(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {what}{s}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(prefix("e\u{301}日x", 2), (3, 1));
    }

    #[test]
    fn words_are_wrapped() {
        assert_eq!(wrap_words("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap_words("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap_words("", 5), [""]);
        assert_eq!(wrap_words("a\n\nb", 5), ["a", "", "b"]);
    }

    #[test]
    fn a_forecast_says_what_is_known() {
        let mut memory = MemoryForecast {
            weights_bytes: 3 << 30,
            transformed_bytes: 1 << 30,
            denoising_bytes: 1 << 29,
            decoding_bytes: 5 << 28,
            tile: None,
            available_bytes: None,
        };
        assert_eq!(
            forecast(&memory),
            "memory: 4 GiB of weights, 512 MiB a step, 1.2 GiB to decode"
        );
        memory.tile = Some(512);
        memory.available_bytes = Some(2 << 30);
        assert!(forecast(&memory).ends_with("1.2 GiB to decode in tiles of 512×512; 2 GiB free"));
    }

    #[test]
    fn numbers_read_well() {
        let fuels = [
            (0, "0 steps"),
            (1, "1 step"),
            (9_999, "9,999 steps"),
            (12_345, "12k steps"),
            (999_999, "999k steps"),
            (1_000_000, "1M steps"),
            (1_290_000, "1.2M steps"),
            (51_290_000, "51M steps"),
            (7_500_000_000, "7.5G steps"),
            (u64::MAX, "18,446,744T steps"),
        ];
        for (fuel, expected) in fuels {
            assert_eq!(steps(fuel), expected);
        }
        let times = [
            (0, "0 µs"),
            (840, "840 µs"),
            (12_700, "12 ms"),
            (3_290_000, "3.2 s"),
            (125_000_000, "2 min 5 s"),
            (3_870_000_000, "1 h 4 min"),
        ];
        for (micros, expected) in times {
            assert_eq!(duration(Duration::from_micros(micros)), expected);
        }
        let sizes = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (21 << 20, "21 MiB"),
            ((1 << 20) - 1, "1023 KiB"),
            (u64::MAX, "16777215 TiB"),
        ];
        for (size, expected) in sizes {
            assert_eq!(bytes(size), expected);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "line"), "1 line");
        assert_eq!(plural(1000, "line"), "1,000 lines");
    }
}
