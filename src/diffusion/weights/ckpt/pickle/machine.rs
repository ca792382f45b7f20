//! The stack machine: instructions, stack, memo and containers.

use std::collections::HashMap;
use std::ops::Range;

use super::{Global, MAX_NAME, StoredType, TensorNote, global};

/// Values on the stack, in containers and remembered: a checkpoint of SDXL with its optimizer has 100,000.
const MAX_VALUES: usize = 1 << 20;

/// As in a safetensors file.
const MAX_TENSORS: usize = 65_536;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tuple,
    List,
    /// Keys and values in turn.
    Dict,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Mark,
    Int(i64),
    /// Bytes of the pickle: text.
    Text(usize, usize),
    /// A module and a name, one after the other in the pickle.
    Global(Global),
    Container(Kind, usize),
    Storage(usize),
    Tensor(usize),
    /// Whatever else there is: nothing looks at it.
    Opaque,
}

#[derive(Default)]
pub(super) struct Machine<'a> {
    pickle: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    containers: Vec<Vec<Value>>,
    /// How many values all containers hold.
    contained: usize,
    /// Name of the member, and what it holds.
    pub storages: Vec<(String, StoredType)>,
    /// Every tensor that was rebuilt.
    pub notes: Vec<TensorNote>,
}

impl<'a> Machine<'a> {
    /// A machine before a pickle.
    pub fn new(pickle: &'a [u8]) -> Self {
        Self {
            pickle,
            ..Self::default()
        }
    }

    /// The value that the pickle ends with.
    pub fn run(&mut self) -> Result<Value, String> {
        loop {
            let place = self.at;
            let opcode = self.bytes(1)?.start;
            let opcode = self.pickle.get(opcode).copied().unwrap_or_default();
            if opcode == b'.' {
                return self.pop();
            }
            self.execute(opcode)
                .map_err(|reason| format!("{reason} (at byte {place})"))?;
            let held = self.stack.len() + self.containers.len() + self.contained + self.memo.len();
            if held > MAX_VALUES
                || self.notes.len() > MAX_TENSORS
                || self.storages.len() > MAX_TENSORS
            {
                return Err("it is too large for a checkpoint".to_owned());
            }
        }
    }

    fn execute(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            0x80 => self.skip(1)?,                // PROTO
            0x95 => self.skip(8)?,                // FRAME
            b'(' => self.stack.push(Value::Mark), // MARK
            b'}' => self.push_container(Kind::Dict, Vec::new()),
            b']' => self.push_container(Kind::List, Vec::new()),
            b')' => self.push_container(Kind::Tuple, Vec::new()),
            b't' => {
                let items = self.pop_mark()?;
                self.push_container(Kind::Tuple, items);
            }
            0x85..=0x87 => {
                // TUPLE1 to TUPLE3
                let from = self
                    .stack
                    .len()
                    .checked_sub(usize::from(opcode - 0x84))
                    .ok_or("the stack is empty")?;
                let items = self.stack.split_off(from);
                self.push_container(Kind::Tuple, items);
            }
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Opaque), // NONE, NEWTRUE, NEWFALSE
            b'G' => {
                self.bytes(8)?; // BINFLOAT
                self.stack.push(Value::Opaque);
            }
            b'J' | b'K' | b'M' => {
                // BININT, BININT1, BININT2; only the first has a sign
                let number = self.number(match opcode {
                    b'J' => 4,
                    b'K' => 1,
                    _ => 2,
                })?;
                self.stack.push(Value::Int(if opcode == b'J' {
                    i64::from(number as i32)
                } else {
                    number as i64
                }));
            }
            0x8a => {
                let length = self.number(1)? as usize; // LONG1
                let bytes = self.bytes(length)?;
                self.stack
                    .push(long(self.pickle.get(bytes).unwrap_or_default()));
            }
            b'X' => self.push_text(4)?,  // BINUNICODE
            0x8c => self.push_text(1)?,  // SHORT_BINUNICODE
            0x8d => self.push_text(8)?,  // BINUNICODE8
            b'T' => self.push_text(4)?,  // BINSTRING, of Python 2
            b'U' => self.push_text(1)?,  // SHORT_BINSTRING
            b'B' => self.push_bytes(4)?, // BINBYTES
            b'C' => self.push_bytes(1)?, // SHORT_BINBYTES
            0x8e => self.push_bytes(8)?, // BINBYTES8
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let global = global(self.slice(module), self.slice(name));
                self.stack.push(Value::Global(global));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?); // STACK_GLOBAL
                let (module, name) = (
                    self.text(module).unwrap_or_default(),
                    self.text(name).unwrap_or_default(),
                );
                self.stack
                    .push(Value::Global(global(module.as_bytes(), name.as_bytes())));
            }
            b'q' => self.remember(1)?, // BINPUT
            b'r' => self.remember(4)?, // LONG_BINPUT
            0x94 => {
                let index = self.memo.len() as u32; // MEMOIZE
                let value = self.top()?;
                self.memo.insert(index, value);
            }
            b'h' => self.recall(1)?, // BINGET
            b'j' => self.recall(4)?, // LONG_BINGET
            b'Q' => {
                let id = self.pop()?; // BINPERSID
                let value = self.storage(id);
                self.stack.push(value);
            }
            b'R' | 0x81 => {
                let (arguments, callee) = (self.pop()?, self.pop()?); // REDUCE, NEWOBJ
                let value = self.call(callee, arguments);
                self.stack.push(value);
            }
            0x92 => {
                self.stack.truncate(self.stack.len().saturating_sub(3)); // NEWOBJ_EX
                self.stack.push(Value::Opaque);
            }
            b'b' => self.discard()?, // BUILD: the state of an object, or the metadata of a dictionary
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?); // SETITEM
                self.extend(Kind::Dict, &[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?; // SETITEMS
                self.extend(Kind::Dict, &items)?;
            }
            b'a' => {
                let item = self.pop()?; // APPEND
                self.extend(Kind::List, &[item])?;
            }
            b'e' => {
                let items = self.pop_mark()?; // APPENDS
                self.extend(Kind::List, &items)?;
            }
            0x8f => self.stack.push(Value::Opaque), // EMPTY_SET
            0x90 => drop(self.pop_mark()?),         // ADDITEMS
            0x91 => {
                self.pop_mark()?; // FROZENSET
                self.stack.push(Value::Opaque);
            }
            b'0' => self.discard()?,        // POP
            b'1' => drop(self.pop_mark()?), // POP_MARK
            b'2' => {
                let value = self.top()?; // DUP
                self.stack.push(value);
            }
            other => return Err(format!("the instruction {other:#04x} is not torch's")),
        }
        Ok(())
    }

    /// The next `count` bytes.
    fn bytes(&mut self, count: usize) -> Result<Range<usize>, String> {
        let end = self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.pickle.len())
            .ok_or("it ends too early")?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn skip(&mut self, count: usize) -> Result<(), String> {
        self.bytes(count).map(|_| ())
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.pickle.get(range).unwrap_or_default()
    }

    /// A little-endian number of up to eight bytes.
    fn number(&mut self, count: usize) -> Result<u64, String> {
        let range = self.bytes(count)?;
        Ok(self
            .slice(range)
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn line(&mut self) -> Result<Range<usize>, String> {
        let rest = self.pickle.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("it ends too early")?;
        let range = self.bytes(length)?;
        self.bytes(1)?;
        Ok(range)
    }

    fn push_text(&mut self, length_bytes: usize) -> Result<(), String> {
        let length = self.number(length_bytes)?;
        let range = self.bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.stack.push(Value::Text(range.start, range.end));
        Ok(())
    }

    fn push_bytes(&mut self, length_bytes: usize) -> Result<(), String> {
        self.push_text(length_bytes)?;
        self.pop()?;
        self.stack.push(Value::Opaque);
        Ok(())
    }

    fn push_container(&mut self, kind: Kind, items: Vec<Value>) {
        let container = self.container(kind, items);
        self.stack.push(container);
    }

    /// A new container.
    pub fn container(&mut self, kind: Kind, items: Vec<Value>) -> Value {
        self.contained += items.len();
        self.containers.push(items);
        Value::Container(kind, self.containers.len() - 1)
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack
            .pop()
            .ok_or_else(|| "the stack is empty".to_owned())
    }

    fn discard(&mut self) -> Result<(), String> {
        self.pop().map(|_| ())
    }

    fn top(&self) -> Result<Value, String> {
        self.stack
            .last()
            .copied()
            .ok_or_else(|| "the stack is empty".to_owned())
    }

    /// What lies above the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self
            .stack
            .iter()
            .rposition(|value| matches!(value, Value::Mark))
            .ok_or("a mark is missing")?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn remember(&mut self, bytes: usize) -> Result<(), String> {
        let index = self.number(bytes)? as u32;
        let value = self.top()?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, bytes: usize) -> Result<(), String> {
        let index = self.number(bytes)? as u32;
        let value = self
            .memo
            .get(&index)
            .copied()
            .ok_or("a value is recalled that was not remembered")?;
        self.stack.push(value);
        Ok(())
    }

    /// Adds to the container on top; to something else, nothing.
    fn extend(&mut self, wanted: Kind, items: &[Value]) -> Result<(), String> {
        if let Value::Container(kind, place) = self.top()?
            && kind == wanted
            && let Some(container) = self.containers.get_mut(place)
        {
            container.extend_from_slice(items);
            self.contained += items.len();
        }
        Ok(())
    }

    /// Text, if it is one and no longer than a name.
    pub fn text(&self, value: Value) -> Option<String> {
        let Value::Text(start, end) = value else {
            return None;
        };
        if end - start > MAX_NAME {
            return None;
        }
        Some(String::from_utf8_lossy(self.slice(start..end)).into_owned())
    }

    /// What a container holds.
    pub fn items(&self, value: Value) -> &[Value] {
        match value {
            Value::Container(_, place) => self.containers.get(place).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    /// The dictionary under a key of a dictionary.
    pub fn entry(&self, dict: Value, key: &str) -> Option<Value> {
        let pairs = self.items(dict).as_chunks::<2>().0.iter();
        let is_wanted = |name: Value| matches!(name, Value::Text(start, end) if self.slice(start..end) == key.as_bytes());
        pairs
            .filter(|[name, _]| is_wanted(*name))
            .map(|[_, value]| *value)
            .find(|value| matches!(value, Value::Container(Kind::Dict, _)))
    }
}

/// Two's complement, little-endian, of any length.
fn long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Opaque;
    }
    let is_negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
    let start = if is_negative { -1i64 } else { 0 };
    Value::Int(
        bytes
            .iter()
            .rev()
            .fold(start, |number, byte| number << 8 | i64::from(*byte)),
    )
}
