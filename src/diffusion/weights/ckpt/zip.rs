//! The directory of a zip file (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 to 4.3.16), with 64-bit offsets and
//! without compression, which is all that `torch.save` uses.

use std::collections::BTreeMap;

use super::super::WeightFile;
use crate::diffusion::error::DiffusionError;

/// SDXL with its optimizer has 10,000 members.
const MAX_MEMBERS: u64 = 200_000;

/// 46 bytes and a name for each.
const MAX_DIRECTORY: u64 = 16 << 20;

/// The record at the end, and the longest comment after it.
const END_LENGTH: usize = 22;
const MAX_COMMENT: u64 = 65_535;

const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const MEMBER: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;

/// The members of a zip file by name.
pub(super) struct Archive {
    members: BTreeMap<String, Member>,
}

/// Where a member begins, and how long it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    header_offset: u64,
    size: u64,
}

/// Little-endian numbers at places that may not be there.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        self.0
            .get(at..)?
            .first_chunk()
            .map(|bytes| u16::from_le_bytes(*bytes))
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.0
            .get(at..)?
            .first_chunk()
            .map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.0
            .get(at..)?
            .first_chunk()
            .map(|bytes| u64::from_le_bytes(*bytes))
    }
}

impl Archive {
    pub fn read(file: &WeightFile) -> Result<Self, DiffusionError> {
        let malformed = |reason: &str| DiffusionError::malformed(&file.path, reason);
        let tail_length = file.length().min(MAX_COMMENT + END_LENGTH as u64);
        let tail_start = file.length() - tail_length;
        let tail = file.read(tail_start, tail_length as usize)?;
        let end = tail
            .windows(4)
            .rposition(|bytes| bytes == END.to_le_bytes())
            .ok_or_else(|| malformed("it is no zip file; torch before 1.6 wrote others: save it again with a newer one"))?;
        let (count, size, offset) = directory(file, &tail, end, tail_start)?
            .ok_or_else(|| malformed("its directory is cut off"))?;
        if count > MAX_MEMBERS || size > MAX_DIRECTORY {
            return Err(malformed("its directory is too long"));
        }
        let directory = file.read(offset, size as usize)?;
        let mut members = BTreeMap::new();
        let mut rest = directory.as_slice();
        for _ in 0..count {
            let (name, member, length) = member(rest).map_err(malformed)?;
            members.insert(name, member);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Self { members })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members
            .iter()
            .map(|(name, member)| (name.as_str(), member))
    }

    pub fn get(&self, name: &str) -> Option<&Member> {
        self.members.get(name)
    }
}

/// Number of members, length and place of the directory.
fn directory(
    file: &WeightFile,
    tail: &[u8],
    end: usize,
    tail_start: u64,
) -> Result<Option<(u64, u64, u64)>, DiffusionError> {
    let record = Bytes(tail.get(end..).unwrap_or_default());
    let short = || {
        Some((
            u64::from(record.u16(10)?),
            u64::from(record.u32(12)?),
            u64::from(record.u32(16)?),
        ))
    };
    // the 64-bit record is told of right before
    let locator = (tail_start + end as u64).checked_sub(20);
    if let Some(locator) = locator {
        let locator = file.read(locator, 20)?;
        let locator = Bytes(&locator);
        if locator.u32(0) == Some(LOCATOR_64)
            && let Some(offset) = locator.u64(8)
        {
            let record = file.read(offset, 56)?;
            let record = Bytes(&record);
            let long = || Some((record.u64(32)?, record.u64(40)?, record.u64(48)?));
            return Ok(record
                .u32(0)
                .filter(|signature| *signature == END_64)
                .and_then(|_| long()));
        }
    }
    Ok(short())
}

/// A member's name and place, and how long its entry is.
fn member(entry: &[u8]) -> Result<(String, Member, usize), &'static str> {
    let bytes = Bytes(entry);
    let fields = || {
        let name_length = usize::from(bytes.u16(28)?);
        let extra_length = usize::from(bytes.u16(30)?);
        let comment_length = usize::from(bytes.u16(32)?);
        let name = entry.get(46..46 + name_length)?;
        let extra = entry.get(46 + name_length..46 + name_length + extra_length)?;
        Some((
            bytes.u16(10)?,
            name,
            extra,
            46 + name_length + extra_length + comment_length,
        ))
    };
    let (Some(MEMBER), Some((method, name, extra, length))) = (bytes.u32(0), fields()) else {
        return Err("its directory is cut off");
    };
    let (packed, size, header) = (bytes.u32(20), bytes.u32(24), bytes.u32(42));
    let mut long = LongFields::new(extra);
    // the 64-bit fields stand in this order
    let size = long.widen(size);
    let packed = long.widen(packed);
    let header_offset = long.widen(header);
    let (Some(size), Some(packed), Some(header_offset)) = (size, packed, header_offset) else {
        return Err("its directory is cut off");
    };
    if method != 0 || packed != size {
        return Err("a member is compressed, which torch.save never does");
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Ok((
        name,
        Member {
            header_offset,
            size,
        },
        length,
    ))
}

/// The extra field 1: those of an entry's numbers that have no room in 32 bits.
struct LongFields<'a>(&'a [u8]);

impl<'a> LongFields<'a> {
    fn new(mut extra: &'a [u8]) -> Self {
        while let (Some(id), Some(length)) = (Bytes(extra).u16(0), Bytes(extra).u16(2)) {
            let end = 4 + usize::from(length);
            let body = extra.get(4..end).unwrap_or_default();
            if id == 1 {
                return Self(body);
            }
            extra = extra.get(end..).unwrap_or_default();
        }
        Self(&[])
    }

    fn widen(&mut self, short: Option<u32>) -> Option<u64> {
        if short? != u32::MAX {
            return short.map(u64::from);
        }
        let long = Bytes(self.0).u64(0)?;
        self.0 = self.0.get(8..).unwrap_or_default();
        Some(long)
    }
}

impl Member {
    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where its bytes begin: after a header of its own, whose length is not that of the directory's entry.
    pub fn data_offset(&self, file: &WeightFile) -> Result<u64, DiffusionError> {
        let malformed = |reason| DiffusionError::malformed(&file.path, reason);
        let header = file.read(self.header_offset, 30)?;
        let header = Bytes(&header);
        let (Some(LOCAL), Some(name), Some(extra)) =
            (header.u32(0), header.u16(26), header.u16(28))
        else {
            return Err(malformed("a member is not where the directory says"));
        };
        let offset = self.header_offset + 30 + u64::from(name) + u64::from(extra);
        if offset
            .checked_add(self.size)
            .is_none_or(|end| end > file.length())
        {
            return Err(malformed("a member reaches past the end"));
        }
        Ok(offset)
    }

    /// All of its bytes, if they are no more than `limit`.
    pub fn read(&self, file: &WeightFile, limit: u64) -> Result<Vec<u8>, DiffusionError> {
        if self.size > limit {
            return Err(DiffusionError::malformed(
                &file.path,
                format!("a member has {} bytes", self.size),
            ));
        }
        file.read(self.data_offset(file)?, self.size as usize)
    }
}
