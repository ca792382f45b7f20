//! `companion sanitize`

use std::io::{self, Read, Write};

use clap::Args;

use crate::error::Report;
use crate::sanitize::TerminalSanitizer;

/// Passes standard input on with everything made visible that could harm a terminal: all escape
/// sequences but colours, control bytes, bidi tricks, bytes that are no text.
#[derive(Debug, Args)]
pub(super) struct Sanitize {}

impl Sanitize {
    pub fn start() -> Result<u8, Report> {
        let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
        let mut sanitizer = TerminalSanitizer::default();
        let mut bytes = vec![0; 64 << 10];
        loop {
            let read = match input.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| {
                    Report::failure("can't read standard input").cause(error.to_string())
                })?,
            };
            let safe = match read {
                0 => sanitizer.finish(),
                read => sanitizer.push_bytes(&bytes[..read]),
            };
            match output
                .write_all(safe.as_bytes())
                .and_then(|()| output.flush())
            {
                Ok(()) if read == 0 => return Ok(0),
                Ok(()) => {}
                // Whoever read us has gone.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                Err(error) => {
                    return Err(Report::failure("can't write").cause(error.to_string()));
                }
            }
        }
    }
}
