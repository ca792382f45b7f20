//! The rules about commands that hold without a file. Few: what a jailed shell can break is its
//! own scratch folder. These are the ones that nobody means to type there.

use std::sync::LazyLock;

use super::pattern::Pattern;
use super::policy::{ShellRule, Tests};
use crate::protocol::Say;

/// Say, pattern, reason, a command that it is about, a command that runs.
type Row = (Say, &'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        Say::Ask,
        "rm -r / ...",
        "it deletes everything",
        "rm -rf /",
        "rm -rf build",
    ),
    (
        Say::Ask,
        "rm -r ... /",
        "it deletes everything",
        "rm -r -f -- x /",
        "rm -rf ./a",
    ),
    (
        Say::Ask,
        "rm --recursive ... /",
        "it deletes everything",
        "rm --recursive --no-preserve-root /",
        "rm x",
    ),
    (
        Say::Ask,
        "rm -r ... ~",
        "it deletes the home folder",
        "rm -fr ~",
        "rm -r ~/x",
    ),
    (
        Say::Ask,
        "dd ... of=/dev/*",
        "it overwrites a device",
        "dd if=a of=/dev/sda",
        "dd if=a of=b",
    ),
    (
        Say::Ask,
        "> /dev/sd*",
        "it overwrites a device",
        "echo x > /dev/sda",
        "echo x > dev",
    ),
    (
        Say::Ask,
        "> /dev/nvme*",
        "it overwrites a device",
        "echo x > /dev/nvme0n1",
        "echo x > /dev/null",
    ),
    (
        Say::Ask,
        "mkfs*",
        "it formats a device",
        "mkfs.ext4 /dev/sda",
        "echo mkfs",
    ),
    (
        Say::Ask,
        "sudo",
        "there are no other rights in the jail",
        "sudo ls",
        "echo sudo",
    ),
    (
        Say::Ask,
        "doas",
        "there are no other rights in the jail",
        "doas ls",
        "echo doas",
    ),
    (
        Say::Ask,
        "su",
        "there are no other users in the jail",
        "su -c ls",
        "echo su",
    ),
    (
        Say::Ask,
        "pkexec",
        "there are no other rights in the jail",
        "pkexec ls",
        "echo pkexec",
    ),
];

/// Commands that only change the shell that runs them, or print what they are given.
const HARMLESS: &[&str] = &[
    ":",
    "true",
    "false",
    "echo ...",
    "printf ...",
    "test ...",
    "[ ...",
    "cd ...",
    "pwd ...",
    "exit ...",
    "return ...",
    "break ...",
    "continue ...",
    "shift ...",
    "export ...",
    "local ...",
    "readonly ...",
    "declare ...",
    "unset ...",
    "set ...",
    "read ...",
    "wait ...",
    "sleep ...",
    "trap ...",
    "umask ...",
    "getopts ...",
    "command -v ...",
    "type ...",
];

/// The rules, in the order in which they are shown.
pub(super) static RULES: LazyLock<Vec<ShellRule>> = LazyLock::new(|| {
    let rows = ROWS.iter().map(|&(say, command, reason, about, runs)| {
        let tests = Tests {
            ask: vec![about.to_owned()],
            allow: vec![runs.to_owned()],
            deny: Vec::new(),
        };
        rule(say, command, Some(reason), tests)
    });
    let harmless = HARMLESS
        .iter()
        .map(|command| rule(Say::Allow, command, None, Tests::default()));
    rows.chain(harmless).collect()
});

fn rule(say: Say, command: &str, reason: Option<&str>, tests: Tests) -> ShellRule {
    ShellRule {
        say,
        command: command.to_owned(),
        pattern: Pattern::parse(command).expect("built-in patterns are sound"),
        reason: reason.map(str::to_owned),
        from: Vec::new(),
        tests,
    }
}
