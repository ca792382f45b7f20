//! From lists of calls to programs for the kernel.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

/// A system call: its number and, where not every form of it is meant, the forms.
#[derive(Debug)]
pub(super) struct Call {
    /// Its number.
    pub number: i64,
    /// Each is a conjunction. None at all: every form.
    pub forms: Vec<Vec<Test>>,
}

/// A test of the lower half of an argument, which is all that the kernel reads of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test {
    /// The argument is this number.
    Is(u8, u32),
    /// The argument is another number.
    IsNot(u8, u32),
    /// Of the bits of the first number, those of the second are set and no others.
    Bits(u8, u32, u32),
    /// Both halves of the argument are zero: a null pointer.
    IsNull(u8),
}

/// Every form of a call.
pub(super) fn any(number: i64) -> Call {
    Call {
        number,
        forms: Vec::new(),
    }
}

/// Some forms of a call.
pub(super) fn some(number: i64, forms: impl Into<Vec<Vec<Test>>>) -> Call {
    Call {
        number,
        forms: forms.into(),
    }
}

// Instructions of classic BPF, as <linux/bpf_common.h> composes them.
const LOAD_WORD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_NOT_BELOW: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Where `struct seccomp_data` has the number of the call and the architecture.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

#[cfg(target_arch = "x86_64")]
const THIS_ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const THIS_ARCHITECTURE: u32 = 0xC000_00B7;

/// Calls of the x32 interface have this bit, and the same architecture as those of `x86_64`.
const X32: u32 = 0x4000_0000;

/// Allows the calls listed, answers others with an error, and ends the process at the rest.
pub(super) fn allow_only(allowed: &[Call], refused: &[(i64, i32)]) -> Result<BpfProgram, String> {
    let mut program = gate(refused)?;
    program.extend(compile(
        allowed,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
    )?);
    Ok(program)
}

/// Answers the calls listed with `EPERM` and allows the rest.
pub(super) fn allow_all_but(refused: &[Call]) -> Result<BpfProgram, String> {
    // The C library goes back to `clone`, whose flags a filter can read.
    let mut program = gate(&[(libc::SYS_clone3, libc::ENOSYS)])?;
    program.extend(compile(
        refused,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
    )?);
    Ok(program)
}

/// What stands before a compiled filter, which knows one answer beside its default: ends the
/// process at a call of another architecture, and gives each of some calls its error.
fn gate(refused: &[(i64, i32)]) -> Result<BpfProgram, String> {
    let instruction = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let kill = u32::from(SeccompAction::KillProcess);
    let mut program = vec![
        instruction(LOAD_WORD, 0, 0, ARCHITECTURE),
        instruction(JUMP_IF_EQUAL, 1, 0, THIS_ARCHITECTURE),
        instruction(RETURN, 0, 0, kill),
        instruction(LOAD_WORD, 0, 0, NUMBER),
        instruction(JUMP_IF_NOT_BELOW, 0, 1, X32),
        instruction(RETURN, 0, 0, kill),
    ];
    for &(number, error) in refused {
        let number = u32::try_from(number).map_err(|error| error.to_string())?;
        let answer = SeccompAction::Errno(error.unsigned_abs());
        program.extend([
            instruction(JUMP_IF_EQUAL, 0, 1, number),
            instruction(RETURN, 0, 0, u32::from(answer)),
        ]);
    }
    Ok(program)
}

fn compile(
    calls: &[Call],
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> Result<BpfProgram, String> {
    let mut rules = BTreeMap::<i64, Vec<SeccompRule>>::new();
    for call in calls {
        let forms = call
            .forms
            .iter()
            .map(|tests| rule(tests))
            .collect::<Result<Vec<_>, _>>()?;
        if rules.insert(call.number, forms).is_some() {
            return Err(format!("call {} is listed twice", call.number));
        }
    }
    let architecture =
        TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    SeccompFilter::new(rules, otherwise, listed, architecture)
        .and_then(BpfProgram::try_from)
        .map_err(|error| error.to_string())
}

fn rule(tests: &[Test]) -> Result<SeccompRule, String> {
    let conditions = tests
        .iter()
        .map(|test| {
            let (argument, length, operator, value) = match *test {
                Test::Is(argument, value) => (
                    argument,
                    SeccompCmpArgLen::Dword,
                    SeccompCmpOp::Eq,
                    u64::from(value),
                ),
                Test::IsNot(argument, value) => (
                    argument,
                    SeccompCmpArgLen::Dword,
                    SeccompCmpOp::Ne,
                    u64::from(value),
                ),
                Test::Bits(argument, mask, value) => (
                    argument,
                    SeccompCmpArgLen::Dword,
                    SeccompCmpOp::MaskedEq(u64::from(mask)),
                    u64::from(value),
                ),
                Test::IsNull(argument) => (argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0),
            };
            SeccompCondition::new(argument, length, operator, value)
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    SeccompRule::new(conditions).map_err(|error| error.to_string())
}
