//! Samples, and the table that they end in.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Duration;

/// Seconds that three digits of milliseconds say too little of.
const SHORT: f64 = 20e-6;

/// What was measured under one name.
pub struct Series {
    name: String,
    peer: Option<&'static str>,
    samples: Vec<Duration>,
}

impl Series {
    /// A series that others may be compared with.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            name,
            peer: None,
            samples: Vec::new(),
        }
    }

    /// A series that is compared with the one of this name, if the table has it.
    pub fn against(name: impl Into<String>, peer: &'static str) -> Self {
        Self {
            peer: Some(peer),
            ..Self::new(name)
        }
    }

    /// Adds a sample.
    pub fn push(&mut self, sample: Duration) {
        self.samples.push(sample);
    }

    fn sorted(&self) -> Vec<Duration> {
        let mut sorted = self.samples.clone();
        sorted.sort_unstable();
        sorted
    }
}

/// The sample below which so many thousandths of them lie, in seconds.
fn at(sorted: &[Duration], thousandths: usize) -> f64 {
    let rank = (sorted.len() * thousandths)
        .div_ceil(1000)
        .clamp(1, sorted.len().max(1));
    sorted.get(rank - 1).map_or(f64::NAN, Duration::as_secs_f64)
}

/// Prints the series as a table in Markdown: milliseconds, or microseconds where one of them is too
/// short for that, and the ratio of the medians.
pub fn print_table(title: &str, series: &[Series]) {
    let medians = series.iter().map(|one| at(&one.sorted(), 500));
    let (unit, scale) = if medians.fold(f64::INFINITY, f64::min) < SHORT {
        ("µs", 1e6)
    } else {
        ("ms", 1e3)
    };
    println!("\n{title} ({unit})\n");
    println!("| | min | median | p95 | p99 | max | n | median / peer's |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for one in series.iter().filter(|one| !one.samples.is_empty()) {
        let sorted = one.sorted();
        let median = at(&sorted, 500);
        let peer = one
            .peer
            .and_then(|name| series.iter().find(|other| other.name == name));
        let ratio = match peer.filter(|peer| !peer.samples.is_empty()) {
            Some(peer) => {
                let ratio = median / at(&peer.sorted(), 500);
                let digits = if ratio < 0.1 { 4 } else { 2 };
                format!("{ratio:.digits$}")
            }
            None => "–".to_owned(),
        };
        print!("| {} ", one.name);
        for thousandths in [0, 500, 950, 990, 1000] {
            print!("| {:.3} ", at(&sorted, thousandths) * scale);
        }
        println!("| {} | {ratio} |", sorted.len());
    }
}

/// Prints a remark.
pub fn print_note(note: &str) {
    println!("\n{note}");
}

/// Prints how busy the machine is: figures from a busy one are to be taken again.
pub fn print_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "\nload {} on {cores} cores",
        load.split(' ').next().unwrap_or("unknown")
    );
}
