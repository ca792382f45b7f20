//! The wire between a kernel and its worker: length-prefixed frames over two pipes.
//!
//! A frame is `length: u32 little-endian`, `tag: u8`, then `length` bytes: a JSON message, or
//! bare UTF-8 text of a stream, so that floods of output are not escaped and parsed. Reads take
//! exactly one frame and never look ahead: whoever holds the pipe next finds a whole frame.
//!
//! Between the parent and the runner, where the interpreter lives, stands the keeper. It passes
//! frames on without looking into them, save those with a tag of their own that are for it.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    ExecuteReply, ExecuteRequest, HostCall, HostCallError, HostReturn, ReadLineError, Terms,
};
use crate::protocol::{Completions, Cost, Language, LimitKind, Stream};

/// Both sides must speak the same version: they are the same binary.
pub(super) const VERSION: u32 = 3;

/// No honest frame is larger: sources, results and chunks of output are capped well below.
pub(super) const MAX_FRAME_BYTES: usize = 64 << 20;

const MESSAGE: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
/// A message for the keeper.
pub(super) const KEEPER: u8 = 3;

/// What the parent says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToWorker {
    /// The first frame.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// Which interpreter to start.
        language: Language,
        /// What it runs under.
        terms: Terms,
    },
    /// Run this. Answered by `Done`.
    Execute(ExecuteRequest),
    /// What could stand here? Answered by `Completions`. Only between cells.
    Complete {
        /// The text at the prompt.
        source: String,
        /// Caret, in bytes.
        cursor: usize,
    },
    /// The answer to `ReadLine`.
    Line(Result<String, ReadLineError>),
    /// End the running cell. Ignored between cells.
    Interrupt,
    /// The answer to `Call`. Ignored between cells.
    Return {
        /// Of the call. An answer that nobody waits for any more is ignored.
        id: u64,
        /// What came of it.
        outcome: Result<HostReturn, HostCallError>,
        /// Steps that were taken for it elsewhere, on the cell's account.
        fuel_used: u64,
    },
    /// Become two: the other one waits as the snapshot of this moment. Only between cells; said
    /// by the keeper.
    Fork {
        /// The pipe that wakes it.
        slot: usize,
    },
}

/// What the parent says to the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToKeeper {
    /// Keep the state of the runner, between cells. Answered by `Kept`, at any time.
    Keep {
        /// Under this number, which is free.
        slot: usize,
    },
    /// End the runner and go on from a state that is kept. Answered by `Restored`.
    Restore {
        /// Its number.
        slot: usize,
    },
    /// Forget a state.
    Drop {
        /// Its number.
        slot: usize,
    },
    /// End the runner, whatever it does. Answered by `RunnerDied`.
    Kill,
}

/// What the worker says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FromWorker {
    /// The interpreter is up.
    Ready {
        /// [`VERSION`].
        version: u32,
        /// How many states can be kept; 0 where there are no snapshots.
        slots: usize,
    },
    /// The interpreter is not up, and won't be.
    StartFailed {
        /// Why.
        message: String,
    },
    /// The cell wants a line.
    ReadLine {
        /// What it asks.
        prompt: String,
    },
    /// The cell asks for something beyond its worker.
    Call {
        /// Tells calls apart; a later one means that the earlier is given up.
        id: u64,
        /// What.
        call: HostCall,
        /// Steps that the cell may still take; `None` is no bound.
        fuel_left: Option<u64>,
    },
    /// The cell ran into a bound that only its worker can see. The parent decides.
    Reached {
        /// Which.
        kind: LimitKind,
    },
    /// The cell has ended.
    Done {
        /// How.
        reply: ExecuteReply,
        /// At which price.
        cost: Cost,
    },
    /// The answer to `Complete`.
    Completions(Completions),
    /// The keeper's answer to [`ToKeeper::Keep`].
    Kept {
        /// The number of the state.
        slot: usize,
        /// Heap bytes that it holds, `None` if it could not be kept. Pages that no cell has
        /// changed since are shared, so that the sum over the states is an upper bound.
        heap_bytes: Option<u64>,
    },
    /// The keeper has seen the runner die, unasked or after [`ToKeeper::Kill`].
    RunnerDied {
        /// As `wait(2)` has it.
        status: i32,
    },
    /// The keeper's answer to [`ToKeeper::Restore`]: a runner is there again.
    Restored {
        /// The number of the state.
        slot: usize,
    },
}

/// One frame.
#[derive(Debug, PartialEq)]
pub(super) enum Frame<M> {
    /// A message.
    Message(M),
    /// Output of the running cell.
    Text(Stream, String),
}

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// The pipe failed.
    #[error("the pipe to the worker failed: {0}")]
    Io(#[from] io::Error),
    /// The pipe ended, between frames or inside one.
    #[error("the pipe to the worker was closed")]
    Closed,
    /// The length is absurd.
    #[error("a frame of {0} bytes is over the cap of {MAX_FRAME_BYTES}")]
    TooLarge(usize),
    /// The tag is unknown.
    #[error("no frame has the tag {0}")]
    UnknownTag(u8),
    /// The payload is not what the tag says.
    #[error("a frame could not be read: {0}")]
    Malformed(String),
}

/// Sends a message in one `write`, so that frames of two threads can't interleave if each holds
/// the lock for one call.
pub(super) fn send(out: &mut impl Write, message: &impl Serialize) -> Result<(), WireError> {
    send_tagged(out, MESSAGE, message)
}

/// Sends a message to the keeper.
pub(super) fn send_to_keeper(out: &mut impl Write, message: ToKeeper) -> Result<(), WireError> {
    send_tagged(out, KEEPER, &message)
}

fn send_tagged(out: &mut impl Write, tag: u8, message: &impl Serialize) -> Result<(), WireError> {
    let mut frame = vec![0; HEAD_BYTES];
    serde_json::to_writer(&mut frame, message)
        .map_err(|error| WireError::Malformed(error.to_string()))?;
    seal(&mut frame, tag)?;
    out.write_all(&frame)?;
    Ok(out.flush()?)
}

/// Sends text of a stream.
pub(super) fn send_text(out: &mut impl Write, stream: Stream, text: &str) -> io::Result<()> {
    for chunk in chunks(text, MAX_FRAME_BYTES / 2) {
        let mut frame = Vec::with_capacity(5 + chunk.len());
        frame.extend_from_slice(&[0; 5]);
        frame.extend_from_slice(chunk.as_bytes());
        let tag = match stream {
            Stream::Stdout => STDOUT,
            Stream::Stderr => STDERR,
        };
        seal(&mut frame, tag).map_err(io::Error::other)?;
        out.write_all(&frame)?;
    }
    out.flush()
}

/// Waits for the next frame and takes exactly its bytes.
pub(super) fn receive<M: DeserializeOwned>(input: &mut impl Read) -> Result<Frame<M>, WireError> {
    let mut head = [0; HEAD_BYTES];
    read_all(input, &mut head)?;
    let (length, tag) = open(head)?;
    let mut payload = vec![0; length];
    read_all(input, &mut payload)?;
    decode(tag, payload)
}

/// Frames out of a pipe that must not block: half a frame waits here for its other half, so that
/// a worker that stalls in the middle of one stalls nobody.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    taken: usize,
}

impl Frames {
    /// Reads what there is, 64 KiB at most.
    pub fn fill(&mut self, input: &mut impl Read) -> Result<(), WireError> {
        self.buffer.drain(..std::mem::take(&mut self.taken));
        let held = self.buffer.len();
        self.buffer.resize(held + (64 << 10), 0);
        let read = input.read(&mut self.buffer[held..]);
        self.buffer
            .truncate(held + read.as_ref().copied().unwrap_or(0));
        match read {
            Ok(0) => Err(WireError::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The next whole frame, if there is one.
    pub fn next<M: DeserializeOwned>(&mut self) -> Result<Option<Frame<M>>, WireError> {
        match self.next_raw()? {
            Some(raw) => decode(raw.tag, raw.payload().to_vec()).map(Some),
            None => Ok(None),
        }
    }

    /// The next whole frame as it came.
    pub fn next_raw(&mut self) -> Result<Option<RawFrame<'_>>, WireError> {
        let held = &self.buffer[self.taken..];
        let Some(head) = held.first_chunk::<HEAD_BYTES>() else {
            return Ok(None);
        };
        let (length, tag) = open(*head)?;
        let Some(bytes) = held.get(..HEAD_BYTES + length) else {
            return Ok(None);
        };
        self.taken += bytes.len();
        Ok(Some(RawFrame { tag, bytes }))
    }

    /// Forgets half a frame whose writer has died.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.taken = 0;
    }
}

/// A whole frame that has not been looked into.
pub(super) struct RawFrame<'a> {
    /// What kind it is.
    pub tag: u8,
    /// All of it.
    pub bytes: &'a [u8],
}

impl RawFrame<'_> {
    fn payload(&self) -> &[u8] {
        &self.bytes[HEAD_BYTES..]
    }

    /// The message in it.
    pub fn message<M: DeserializeOwned>(&self) -> Result<M, WireError> {
        serde_json::from_slice(self.payload())
            .map_err(|error| WireError::Malformed(error.to_string()))
    }
}

/// Length and tag.
const HEAD_BYTES: usize = 5;

fn open([a, b, c, d, tag]: [u8; HEAD_BYTES]) -> Result<(usize, u8), WireError> {
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > MAX_FRAME_BYTES {
        Err(WireError::TooLarge(length))
    } else {
        Ok((length, tag))
    }
}

fn decode<M: DeserializeOwned>(tag: u8, payload: Vec<u8>) -> Result<Frame<M>, WireError> {
    let text = |payload| {
        String::from_utf8(payload).map_err(|error| WireError::Malformed(error.to_string()))
    };
    match tag {
        MESSAGE => serde_json::from_slice(&payload)
            .map(Frame::Message)
            .map_err(|error| WireError::Malformed(error.to_string())),
        STDOUT => Ok(Frame::Text(Stream::Stdout, text(payload)?)),
        STDERR => Ok(Frame::Text(Stream::Stderr, text(payload)?)),
        other => Err(WireError::UnknownTag(other)),
    }
}

fn seal(frame: &mut [u8], tag: u8) -> Result<(), WireError> {
    let length = frame.len().saturating_sub(5);
    let prefix = u32::try_from(length)
        .ok()
        .filter(|_| length <= MAX_FRAME_BYTES)
        .ok_or(WireError::TooLarge(length))?;
    frame[..4].copy_from_slice(&prefix.to_le_bytes());
    frame[4] = tag;
    Ok(())
}

fn read_all(input: &mut impl Read, buffer: &mut [u8]) -> Result<(), WireError> {
    input
        .read_exact(buffer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => WireError::Closed,
            _ => WireError::Io(error),
        })
}

/// Cuts text into pieces of at most `size` bytes, at character borders.
fn chunks(mut text: &str, size: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (chunk, rest) = text.split_at(text.floor_char_boundary(size));
        text = rest;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_pipe() {
        let mut pipe = Vec::new();
        let hello = ToWorker::Hello {
            version: VERSION,
            language: Language::Python,
            terms: Terms::new(1),
        };
        send(&mut pipe, &hello).expect("a vector takes all");
        send_text(&mut pipe, Stream::Stderr, "é\u{1b}[31m").expect("a vector takes all");
        let mut input = pipe.as_slice();
        assert_eq!(receive(&mut input).expect("whole"), Frame::Message(hello));
        assert_eq!(
            receive::<ToWorker>(&mut input).expect("whole"),
            Frame::Text(Stream::Stderr, "é\u{1b}[31m".into())
        );
        assert!(matches!(
            receive::<ToWorker>(&mut input),
            Err(WireError::Closed)
        ));
    }

    #[test]
    fn hostile_frames_are_refused() {
        let cases: [&[u8]; 6] = [
            b"\xff\xff\xff\xff\x00",
            b"\x02\x00\x00\x00\x00{}",
            b"\x01\x00\x00\x00\x09x",
            b"\x01\x00\x00\x00\x01\xff",
            b"\x05\x00\x00\x00\x01ab",
            b"\x05\x00",
        ];
        for mut case in cases {
            assert!(receive::<ToWorker>(&mut case).is_err(), "{case:?}");
        }
    }

    #[test]
    fn any_bytes_are_an_error_or_a_frame() {
        // A linear congruential generator (Knuth's MMIX constants): the same bytes every run.
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..24)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let byte = (state >> 56) as u8;
                    if byte < 128 { byte % 24 } else { byte }
                })
                .collect();
            let mut input = bytes.as_slice();
            let mut whole = 0;
            while receive::<FromWorker>(&mut input).is_ok() {
                whole += 1;
            }
            let mut frames = Frames::default();
            frames.fill(&mut bytes.as_slice()).expect("bytes");
            let mut piecewise = 0;
            while let Ok(Some(_)) = frames.next::<FromWorker>() {
                piecewise += 1;
            }
            assert_eq!(whole, piecewise, "{bytes:?}");
        }
    }
}
