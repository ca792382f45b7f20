//! Puts steps into compiled code: one where a function, a module or a class body begins, and one
//! before every jump backward. Without a jump backward there is no loop.
//!
//! Code objects are rewritten, not source or trees: errors, warnings, docstrings and line numbers
//! stay the compiler's own, and whatever the code comes from goes the same way.
//!
//! A step is two instructions, a constant that counts when it is asked for its truth and a jump
//! to the instruction behind:
//!
//! ```text
//! LOAD_CONST         the step
//! POP_JUMP_IF_TRUE   +0
//! ```
//!
//! It weighs what it stands for: the instructions of its loop without those of the loops within,
//! or those of the function outside of all loops. So fuel is about the number of instructions
//! that ran.

use std::collections::BTreeMap;

use rustpython_compiler_core::bytecode::{
    CodeObject, CodeUnit, CodeUnits, Constant, Constants, Instruction, OpArgByte, Opcode,
    PyCodeLocationInfoKind, decode_exception_table, encode_exception_table,
};

/// Code units of an inline cache behind `POP_JUMP_IF_TRUE`.
const JUMP_CACHES: usize = 1;

/// Why a code object can't be rewritten. No compiler makes such code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytecode is malformed: {0}")]
pub(super) struct Malformed(&'static str);

/// An instruction with its prefixes and caches.
struct Part {
    op: Instruction,
    arg: u32,
    /// The units that it took, prefixes and caches included.
    start: usize,
    end: usize,
    caches: usize,
    /// For a jump: the part that it leads to; one past the last is allowed.
    target: Option<usize>,
    /// The weight of the step that is put in …
    step: Option<(Place, u64)>,
}

/// … and where.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Whoever jumps to the instruction takes the step.
    Before,
    /// Only who falls through takes it.
    Behind,
}

/// The code with its steps. `step` makes the constant of a weight.
pub(super) fn with_steps<C: Constant>(
    code: CodeObject<C>,
    step: impl Fn(u64) -> C,
) -> Result<CodeObject<C>, Malformed> {
    let mut parts = read(&code.instructions)?;
    weigh(&mut parts)?;
    let mut constants: Vec<C> = code.constants.to_vec();
    let mut indices = BTreeMap::new();
    for (_, weight) in parts.iter().filter_map(|part| part.step) {
        indices.entry(weight).or_insert_with(|| {
            constants.push(step(weight));
            constants.len() - 1
        });
    }
    if indices.is_empty() {
        return Ok(code);
    }
    let layout = Layout::of(&parts, &indices)?;
    let units = layout.write(&parts, &indices)?;
    let locate = |unit: u32| layout.moved(&parts, unit);
    let mut handlers = decode_exception_table(&code.exceptiontable);
    for handler in &mut handlers {
        handler.start = locate(handler.start)?;
        handler.end = locate(handler.end)?;
        handler.target = locate(handler.target)?;
    }
    let sizes = layout.sizes(&parts);
    let locations = code
        .locations
        .iter()
        .zip(&sizes)
        .flat_map(|(location, &size)| std::iter::repeat_n(*location, size))
        .collect();
    Ok(CodeObject {
        instructions: CodeUnits::from(units),
        locations,
        max_stackdepth: code.max_stackdepth + 1,
        constants: constants.into_iter().collect::<Constants<C>>(),
        linetable: stretch(&code.linetable, &sizes),
        exceptiontable: encode_exception_table(&handlers),
        ..code
    })
}

fn is_backward(op: Opcode) -> bool {
    matches!(op, Opcode::JumpBackward | Opcode::JumpBackwardNoInterrupt)
}

/// Takes code units apart.
fn read(units: &CodeUnits) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::new();
    // Which part begins at a unit.
    let mut at_unit = vec![None; units.len() + 1];
    let mut targets = Vec::new();
    let mut unit = 0;
    while unit < units.len() {
        let start = unit;
        let mut arg = 0_u32;
        let op = loop {
            if unit >= units.len() {
                return Err(Malformed("it ends in a prefix"));
            }
            let op = units.read_op(unit).deoptimize();
            arg = (arg << 8) | u32::from(u8::from(units.read_arg(unit)));
            unit += 1;
            if Opcode::from(op) != Opcode::ExtendedArg {
                break op;
            }
        };
        let caches = op.cache_entries();
        unit += caches;
        let opcode = Opcode::from(op);
        let target = if is_backward(opcode) {
            Some(
                unit.checked_sub(arg as usize)
                    .ok_or(Malformed("it jumps out"))?,
            )
        } else if op.has_jump() && opcode != Opcode::EndAsyncFor {
            Some(unit + arg as usize)
        } else {
            None
        };
        at_unit[start] = Some(parts.len());
        targets.push(target);
        parts.push(Part {
            op,
            arg,
            start,
            end: unit,
            caches,
            target: None,
            step: None,
        });
    }
    if unit != units.len() {
        return Err(Malformed("it ends in a cache"));
    }
    at_unit[units.len()] = Some(parts.len());
    for (part, target) in parts.iter_mut().zip(targets) {
        if let Some(target) = target {
            let target = at_unit.get(target).copied().flatten();
            part.target = Some(target.ok_or(Malformed("it jumps between instructions"))?);
        }
    }
    Ok(parts)
}

/// Decides where steps go, and what they weigh.
fn weigh(parts: &mut [Part]) -> Result<(), Malformed> {
    // The last jump back to each head: that far the loop reaches.
    let mut loops: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        if is_backward(part.op.into()) {
            let head = part.target.ok_or(Malformed("a jump without a target"))?;
            if head > index {
                return Err(Malformed("it jumps backward to what comes later"));
            }
            let end = loops.entry(head).or_default();
            *end = index.max(*end);
        }
    }
    let mut weights: BTreeMap<usize, u64> = BTreeMap::new();
    let mut outside = 0;
    // Heads of the loops that hold the current instruction, the innermost last.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for index in 0..parts.len() {
        while open.last().is_some_and(|&(_, end)| end < index) {
            open.pop();
        }
        if let Some(&end) = loops.get(&index) {
            open.push((index, end));
        }
        match open.last() {
            Some((head, _)) => *weights.entry(*head).or_default() += 1,
            None => outside += 1,
        }
    }
    let mut has_begun = false;
    for part in parts {
        let op = Opcode::from(part.op);
        if is_backward(op) {
            let weight = part.target.and_then(|head| weights.get(&head));
            part.step = Some((Place::Before, weight.copied().unwrap_or(1).max(1)));
        } else if op == Opcode::Resume && part.arg == 0 && !has_begun {
            has_begun = true;
            part.step = Some((Place::Behind, outside));
        }
    }
    Ok(())
}

/// Where everything lies once the steps are in.
struct Layout {
    /// The first unit of each part, its step included if that comes before it, and the end.
    starts: Vec<usize>,
    /// The first unit of each part itself.
    bodies: Vec<usize>,
    /// Units that the step of each part takes.
    step_units: Vec<usize>,
    /// Arguments, with jumps as they are to be.
    arguments: Vec<u32>,
}

impl Layout {
    fn of(parts: &[Part], indices: &BTreeMap<u64, usize>) -> Result<Self, Malformed> {
        let step_units: Vec<usize> = parts
            .iter()
            .map(|part| match part.step {
                None => Ok(0),
                Some((_, weight)) => {
                    let index = constant(indices, weight)?;
                    Ok(prefixes(index) + 2 + JUMP_CACHES)
                }
            })
            .collect::<Result<_, _>>()?;
        let mut layout = Self {
            starts: vec![0; parts.len() + 1],
            bodies: vec![0; parts.len()],
            step_units,
            arguments: parts.iter().map(|part| part.arg).collect(),
        };
        // A longer jump may want another prefix, which makes other jumps longer. Prefixes only
        // ever come in, so this ends.
        let mut widths: Vec<usize> = layout.arguments.iter().map(|&arg| prefixes(arg)).collect();
        loop {
            let mut unit = 0;
            for (index, part) in parts.iter().enumerate() {
                layout.starts[index] = unit;
                if matches!(part.step, Some((Place::Before, _))) {
                    unit += layout.step_units[index];
                }
                layout.bodies[index] = unit;
                unit += widths[index] + 1 + part.caches;
                if matches!(part.step, Some((Place::Behind, _))) {
                    unit += layout.step_units[index];
                }
            }
            layout.starts[parts.len()] = unit;
            let mut has_changed = false;
            for (index, part) in parts.iter().enumerate() {
                let Some(target) = part.target else { continue };
                let from = layout.bodies[index] + widths[index] + 1 + part.caches;
                let to = layout.starts[target];
                let distance = from.abs_diff(to);
                let arg = u32::try_from(distance).map_err(|_| Malformed("it is too long"))?;
                layout.arguments[index] = arg;
                if prefixes(arg) > widths[index] {
                    widths[index] = prefixes(arg);
                    has_changed = true;
                }
            }
            if !has_changed {
                return Ok(layout);
            }
        }
    }

    fn width(&self, parts: &[Part], index: usize) -> usize {
        let behind = match parts[index].step {
            Some((Place::Behind, _)) => self.step_units[index],
            _ => 0,
        };
        self.starts[index + 1] - behind - parts[index].caches - 1 - self.bodies[index]
    }

    fn write(
        &self,
        parts: &[Part],
        indices: &BTreeMap<u64, usize>,
    ) -> Result<Vec<CodeUnit>, Malformed> {
        let mut units = Vec::with_capacity(self.starts[parts.len()]);
        for (index, part) in parts.iter().enumerate() {
            if let Some((Place::Before, weight)) = part.step {
                write_step(&mut units, constant(indices, weight)?);
            }
            let width = self.width(parts, index);
            write(
                &mut units,
                part.op,
                self.arguments[index],
                width,
                part.caches,
            );
            if let Some((Place::Behind, weight)) = part.step {
                write_step(&mut units, constant(indices, weight)?);
            }
        }
        Ok(units)
    }

    /// Where the instruction at an old unit begins now.
    fn moved(&self, parts: &[Part], unit: u32) -> Result<u32, Malformed> {
        let unit = unit as usize;
        let index = parts.partition_point(|part| part.start < unit);
        let is_there = match parts.get(index) {
            Some(part) => part.start == unit,
            None => parts.last().is_some_and(|last| last.end == unit),
        };
        if !is_there {
            return Err(Malformed("an exception is handled between instructions"));
        }
        u32::try_from(self.starts[index]).map_err(|_| Malformed("it is too long"))
    }

    /// Per old unit, how many units stand for it now.
    fn sizes(&self, parts: &[Part]) -> Vec<usize> {
        let mut sizes = Vec::new();
        for (part, starts) in parts.iter().zip(self.starts.windows(2)) {
            let (old, new) = (part.end - part.start, starts[1] - starts[0]);
            sizes.push((new + 1).saturating_sub(old));
            sizes.resize(part.end, 1);
        }
        sizes
    }
}

fn constant(indices: &BTreeMap<u64, usize>, weight: u64) -> Result<u32, Malformed> {
    indices
        .get(&weight)
        .and_then(|&index| u32::try_from(index).ok())
        .ok_or(Malformed("it has too many constants"))
}

/// How many `EXTENDED_ARG` an argument wants.
fn prefixes(arg: u32) -> usize {
    (arg.checked_ilog2().unwrap_or(0) / 8) as usize
}

fn write_step(units: &mut Vec<CodeUnit>, index: u32) {
    let [load, jump] = [Opcode::LoadConst, Opcode::PopJumpIfTrue].map(|op| op.as_instruction());
    write(units, load, index, prefixes(index), 0);
    write(units, jump, 0, 0, JUMP_CACHES);
}

fn write(units: &mut Vec<CodeUnit>, op: Instruction, arg: u32, width: usize, caches: usize) {
    let bytes = arg.to_be_bytes();
    let used = bytes.len().saturating_sub(width + 1);
    let extend = Opcode::ExtendedArg.as_instruction();
    for (index, &byte) in bytes.iter().enumerate().skip(used) {
        let is_last = index + 1 == bytes.len();
        let op = if is_last { op } else { extend };
        units.push(CodeUnit::new(op, OpArgByte::from(byte)));
    }
    let cache = CodeUnit::new(Opcode::Cache.as_instruction(), OpArgByte::from(0));
    units.extend(std::iter::repeat_n(cache, caches));
}

/// A line table for code whose units have become so many each.
fn stretch(table: &[u8], sizes: &[usize]) -> Box<[u8]> {
    let mut out = Vec::with_capacity(table.len() + 16);
    let mut unit = 0;
    let mut rest = table;
    while let Some((&first, tail)) = rest.split_first() {
        // The bytes of an entry after its first have no high bit.
        let length = tail.iter().position(|byte| byte & 0x80 != 0);
        let (payload, next) = tail.split_at(length.unwrap_or(tail.len()));
        rest = next;
        let units = usize::from(first & 7) + 1;
        let end = (unit + units).min(sizes.len());
        let mut left: usize = sizes.get(unit..end).unwrap_or_default().iter().sum();
        unit = end;
        let mut kind = (first >> 3) & 0xf;
        let mut payload = payload.to_vec();
        while left > 0 {
            let now = left.min(8);
            left -= now;
            // At most 7.
            let length = u8::try_from(now - 1).unwrap_or(7);
            out.push(0x80 | (kind << 3) | length);
            out.extend_from_slice(&payload);
            // What follows is on the same line: it may not advance it again.
            match PyCodeLocationInfoKind::from_code(kind) {
                Some(PyCodeLocationInfoKind::OneLine1 | PyCodeLocationInfoKind::OneLine2) => {
                    kind = PyCodeLocationInfoKind::OneLine0 as u8;
                }
                Some(PyCodeLocationInfoKind::NoColumns | PyCodeLocationInfoKind::Long) => {
                    let delta = payload.iter().position(|byte| byte & 0x40 == 0);
                    payload.splice(..=delta.unwrap_or(0), [0]);
                }
                _ => {}
            }
        }
    }
    out.into()
}
