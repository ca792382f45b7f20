//! The text chunks of a PNG, as untrusted input (PNG specification, third edition, 11.3.3).
//!
//! The `png` crate stops at the pixels, or decodes them all to come past them; text may stand
//! behind them.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Graphs of ComfyUI have some hundred KiB.
const MAX_TEXT_BYTES: usize = 4 << 20;
/// Of all texts of a file together.
const MAX_ALL_BYTES: usize = 8 << 20;
const MAX_TEXTS: usize = 64;
const MAX_KEYWORD_BYTES: usize = 79;

/// Every text with its keyword; and what was not read, in words.
pub(super) fn read_texts(png: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    let Some(mut rest) = png.strip_prefix(SIGNATURE) else {
        return (texts, problems);
    };
    let mut left = MAX_ALL_BYTES;
    while let Some((kind, data, after)) = next_chunk(rest) {
        rest = after;
        let text = match &kind {
            b"tEXt" => plain(data),
            b"zTXt" => compressed(data),
            b"iTXt" => international(data),
            b"IEND" => break,
            _ => continue,
        };
        if texts.len() == MAX_TEXTS {
            problems.push(format!("more than {MAX_TEXTS} texts: the rest is left out"));
            break;
        }
        match text {
            Ok((keyword, text)) if text.len() <= left => {
                left -= text.len();
                texts.push((keyword, text));
            }
            Ok(_) => {
                problems.push("more than 8 MiB of text: the rest is left out".to_owned());
                break;
            }
            Err(problem) => problems.push(problem.to_owned()),
        }
    }
    (texts, problems)
}

/// Length, kind, data, checksum. The checksum is not looked at: what is damaged does not parse.
fn next_chunk(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    Some((*kind, data, rest))
}

type Text = Result<(String, String), &'static str>;

const NO_KEYWORD: &str = "a text without a keyword is left out";
const TOO_LONG: &str = "a text of more than 4 MiB is left out";
const DAMAGED: &str = "a compressed text is damaged";

fn plain(data: &[u8]) -> Text {
    let (keyword, text) = keyword(data)?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(TOO_LONG);
    }
    Ok((keyword, latin1(text)))
}

fn compressed(data: &[u8]) -> Text {
    let (keyword, rest) = keyword(data)?;
    let (_method, rest) = rest.split_first().ok_or(DAMAGED)?;
    Ok((keyword, latin1(&unpack(rest)?)))
}

fn international(data: &[u8]) -> Text {
    let (keyword, rest) = keyword(data)?;
    let ([is_compressed, _method], rest) = rest.split_first_chunk::<2>().ok_or(DAMAGED)?;
    // The language, and the keyword in it.
    let (_, rest) = split_at_zero(rest).ok_or(DAMAGED)?;
    let (_, rest) = split_at_zero(rest).ok_or(DAMAGED)?;
    let text = match is_compressed {
        0 if rest.len() > MAX_TEXT_BYTES => return Err(TOO_LONG),
        0 => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(&unpack(rest)?).into_owned(),
    };
    Ok((keyword, text))
}

fn keyword(data: &[u8]) -> Result<(String, &[u8]), &'static str> {
    let (keyword, rest) = split_at_zero(data).ok_or(NO_KEYWORD)?;
    if keyword.is_empty() || keyword.len() > MAX_KEYWORD_BYTES {
        return Err(NO_KEYWORD);
    }
    Ok((latin1(keyword), rest))
}

fn split_at_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// Unpacks up to the bound: a bomb costs no more than a text of that size.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut text = Vec::new();
    ZlibDecoder::new(bytes)
        .take(MAX_TEXT_BYTES as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|_| DAMAGED)?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(TOO_LONG);
    }
    Ok(text)
}

/// Latin-1 says the specification; many write UTF-8 all the same.
fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
