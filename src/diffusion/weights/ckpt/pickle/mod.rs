//! Reads the pickles of `torch.save` (Python's `pickletools`, protocols 2 to 4) without executing anything.
//!
//! The machine has values that are plain data: numbers, places of text in the pickle, and indices of containers in
//! an arena. Nothing nests but by index, so nothing recurses; each instruction adds at most one value for each of its
//! bytes or takes values off the stack, so memory stays within a small multiple of the pickle.

mod machine;

use super::StoredType;
use machine::{Kind, Machine, Value};

/// Longer names are no names of layers.
const MAX_NAME: usize = 1024;

/// A tensor as a pickle describes it. Nothing in it is checked yet.
#[derive(Clone, Debug)]
pub(super) struct TensorNote {
    /// The name of the member that holds its numbers.
    pub storage_key: String,
    /// How they are stored.
    pub stored: StoredType,
    /// The first of them, counted in numbers.
    pub offset: u64,
    /// The extents, outermost first.
    pub shape: Vec<u64>,
    /// From one to the next in each dimension, counted in numbers.
    pub strides: Vec<u64>,
}

/// The tensors of a checkpoint by name: those of `state_dict` where there is one, else of the whole.
pub(super) fn tensors(pickle: &[u8]) -> Result<Vec<(String, TensorNote)>, String> {
    let mut machine = Machine::new(pickle);
    let mut top = machine.run()?;
    for key in ["state_dict", "model"] {
        if let Some(inner) = machine.entry(top, key) {
            top = inner;
            break;
        }
    }
    let Value::Container(Kind::Dict, _) = top else {
        return Err("it holds no dictionary".to_owned());
    };
    let entries = machine.items(top);
    let mut out = Vec::new();
    for pair in entries.as_chunks::<2>().0 {
        if let [key, Value::Tensor(tensor)] = pair
            && let (Some(name), Some(note)) = (machine.text(*key), machine.notes.get(*tensor))
        {
            out.push((name, note.clone()));
        }
    }
    Ok(out)
}

/// The names that have a meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(StoredType),
    Other,
}

impl Machine<'_> {
    /// `("storage", torch.FloatStorage, "0", "cpu", 15)`.
    pub(super) fn storage(&mut self, id: Value) -> Value {
        let [_, Value::Global(Global::Storage(stored)), key, ..] = *self.items(id) else {
            return Value::Opaque;
        };
        let Some(key) = self.text(key) else {
            return Value::Opaque;
        };
        self.storages.push((key, stored));
        Value::Storage(self.storages.len() - 1)
    }

    /// A call is answered where its meaning is known, and is opaque everywhere else.
    pub(super) fn call(&mut self, callee: Value, arguments: Value) -> Value {
        let Value::Global(callee) = callee else {
            return Value::Opaque;
        };
        match callee {
            Global::OrderedDict => {
                // Python 2 hands the pairs over at once
                let pairs: Vec<Value> = match self.items(arguments) {
                    [list] => self
                        .items(*list)
                        .iter()
                        .flat_map(|pair| self.items(*pair).iter().take(2))
                        .copied()
                        .collect(),
                    _ => Vec::new(),
                };
                self.container(Kind::Dict, pairs)
            }
            Global::RebuildTensor => self.note(arguments).map_or(Value::Opaque, |note| {
                self.notes.push(note);
                Value::Tensor(self.notes.len() - 1)
            }),
            Global::RebuildParameter => self
                .items(arguments)
                .first()
                .copied()
                .unwrap_or(Value::Opaque),
            Global::Storage(_) | Global::Other => Value::Opaque,
        }
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, …)`.
    fn note(&self, arguments: Value) -> Option<TensorNote> {
        let [
            Value::Storage(storage),
            Value::Int(offset),
            shape,
            strides,
            ..,
        ] = *self.items(arguments)
        else {
            return None;
        };
        let (key, stored) = self.storages.get(storage)?;
        let extents = |value: Value| -> Option<Vec<u64>> {
            // more dimensions than any tensor has are not copied
            let items = self.items(value).iter().take(64);
            items
                .map(|item| {
                    if let Value::Int(extent) = item {
                        u64::try_from(*extent).ok()
                    } else {
                        None
                    }
                })
                .collect()
        };
        Some(TensorNote {
            storage_key: key.clone(),
            stored: *stored,
            offset: u64::try_from(offset).ok()?,
            shape: extents(shape)?,
            strides: extents(strides)?,
        })
    }
}

/// What a module's name stands for.
pub(super) fn global(module: &[u8], name: &[u8]) -> Global {
    match (module, name) {
        (b"collections", b"OrderedDict") => Global::OrderedDict,
        (b"torch._utils", b"_rebuild_tensor_v2" | b"_rebuild_tensor") => Global::RebuildTensor,
        (b"torch._utils", b"_rebuild_parameter") => Global::RebuildParameter,
        (b"torch", storage) => match storage {
            b"DoubleStorage" => Global::Storage(StoredType::F64),
            b"FloatStorage" => Global::Storage(StoredType::F32),
            b"HalfStorage" => Global::Storage(StoredType::F16),
            b"BFloat16Storage" => Global::Storage(StoredType::Bf16),
            b"LongStorage" => Global::Storage(StoredType::Other(8)),
            b"IntStorage" => Global::Storage(StoredType::Other(4)),
            b"ShortStorage" => Global::Storage(StoredType::Other(2)),
            b"ByteStorage" | b"CharStorage" | b"BoolStorage" => {
                Global::Storage(StoredType::Other(1))
            }
            _ => Global::Other,
        },
        _ => Global::Other,
    }
}
