//! What is to be told about the commands of a script.

use super::{Invocation, Kind, Script, Word};
use crate::protocol::Finding;
use crate::safety::rules::{self, Rule};
use crate::safety::{Lines, text};

const NETWORK: &[&str] = &[
    "curl", "wget", "nc", "ncat", "netcat", "socat", "ssh", "scp", "sftp", "rsync", "telnet",
    "ftp", "aria2c", "nslookup", "dig", "host", "ping", "nmap", "mosh", "tftp", "rclone", "lynx",
    "w3m",
];
const RIGHTS: &[&str] = &[
    "sudo", "doas", "su", "pkexec", "runuser", "chroot", "unshare", "nsenter", "setcap", "capsh",
    "insmod", "modprobe", "mount", "umount", "setpriv", "bwrap",
];
const DETACHES: &[&str] = &[
    "nohup",
    "setsid",
    "disown",
    "screen",
    "tmux",
    "daemonize",
    "at",
    "batch",
];

/// Adds the findings of a script.
pub(super) fn examine(source: &str, script: &mut Script) {
    let lines = Lines::of(source);
    let mut findings = text::examine(source, &lines);
    let fetches = |name: &str| {
        matches!(
            name,
            "curl" | "wget" | "base64" | "base32" | "xxd" | "openssl" | "gunzip" | "zcat"
        )
    };
    let has_source = script
        .commands
        .iter()
        .any(|command| fetches(name_of(command)));
    for command in &script.commands {
        of_command(command, has_source, &mut findings);
    }
    // `:(){ :|:& };:`
    for function in &script.functions {
        let calls = script
            .commands
            .iter()
            .filter(|command| name_of(command) == function.as_str())
            .count();
        let body = source.replace([' ', '\n', '\t'], "");
        if calls >= 3 && body.contains(&format!("{function}|{function}")) {
            let seen = format!("{function:?} starts itself twice");
            findings.push(rules::SH_BOMB.finding((1, 1), &seen));
        }
    }
    script.findings = findings;
}

fn name_of(command: &Invocation) -> &str {
    let name = command
        .words
        .first()
        .and_then(Word::text)
        .unwrap_or_default();
    name.rsplit('/').next().unwrap_or(name)
}

fn of_command(command: &Invocation, has_source: bool, findings: &mut Vec<Finding>) {
    let name = name_of(command);
    let arguments = command.words.get(1..).unwrap_or_default();
    let texts: Vec<&str> = arguments.iter().map(Word::start).collect();
    let mut tell = |rule: &Rule, seen: &str| findings.push(rule.finding(command.place, seen));
    let has = |wanted: &dyn Fn(&str) -> bool| texts.iter().any(|text| wanted(text));
    let has_flag = |letter: char, long: &str| {
        has(&|text| {
            text == long
                || (text.starts_with('-') && !text.starts_with("--") && text.contains(letter))
        })
    };
    if NETWORK.contains(&name) {
        tell(&rules::SH_NETWORK, name);
    }
    if RIGHTS.contains(&name) {
        tell(&rules::SH_RIGHTS, name);
    }
    if DETACHES.contains(&name) {
        tell(&rules::SH_DETACH, name);
    }
    match name {
        "rm" if has_flag('r', "--recursive") || has_flag('R', "--recursive") => {
            let is_tree = |word: &Word| {
                let path = word.text().unwrap_or_else(|| word.start());
                let whole = matches!(
                    path.trim_end_matches('/'),
                    "" | "/" | "~" | "/home" | "/usr" | "/etc" | "/var" | "/bin" | "/lib" | "/root"
                );
                let is_named = word.text().is_some();
                // `/*` and `~/*`, not `$x`.
                whole && (is_named || word.start().starts_with(['/', '~']))
            };
            if arguments
                .iter()
                .any(|word| !word.start().is_empty() && is_tree(word))
                || has(&|text| text == "--no-preserve-root")
            {
                tell(&rules::SH_DESTROY, "rm -r of a whole tree");
            }
        }
        "dd" if has(&|text| text.starts_with("of=/dev/") && text != "of=/dev/null") => {
            tell(&rules::SH_DESTROY, "dd onto a device");
        }
        "shred" | "wipefs" | "blkdiscard" => tell(&rules::SH_DESTROY, name),
        _ if name.starts_with("mkfs") => tell(&rules::SH_DESTROY, name),
        "chmod" => {
            if has(&|text| {
                matches!(
                    text,
                    "777" | "0777" | "a+rwx" | "ugo+rwx" | "o+w" | "a+w" | "666"
                )
            }) {
                tell(&rules::SH_RIGHTS, "chmod for everybody");
            } else if has(&|text| {
                text.contains("+s")
                    || (text.len() == 4
                        && text.starts_with(['4', '2', '6'])
                        && text.parse::<u32>().is_ok())
            }) {
                tell(&rules::SH_RIGHTS, "chmod of a set-user-id bit");
            }
        }
        "crontab" if !has(&|text| text == "-l") => tell(&rules::SH_PERSIST, "crontab"),
        "systemctl" if has(&|text| matches!(text, "enable" | "edit" | "link")) => {
            tell(&rules::SH_PERSIST, "systemctl enable");
        }
        "git" => {
            let is_hook = has(&|text| text.to_ascii_lowercase().starts_with("core.hookspath"));
            if is_hook {
                tell(&rules::SH_PERSIST, "git hooks in another folder");
            }
            if has(&|text| matches!(text, "push" | "fetch" | "clone" | "pull")) {
                tell(&rules::SH_NETWORK, "git with a remote");
            }
        }
        "alias" if has(&|text| text.contains('=')) => tell(&rules::SH_SHADOW, "alias"),
        "export" if matches!(&command.kind, Kind::Hidden(_)) => {
            let variable = texts.first().and_then(|text| text.split('=').next());
            tell(&rules::SH_SHADOW, variable.unwrap_or("export"));
        }
        "tee" | ">" | "cp" | "mv" | "ln" | "install" => {
            let target = if name == "tee" || name == ">" {
                arguments.iter().find(|word| !word.start().starts_with('-'))
            } else {
                arguments.last()
            };
            if let Some(place) = target.and_then(lasting_place) {
                tell(&rules::SH_PERSIST, &format!("a write to {place}"));
            }
            let onto_device = |word: &Word| {
                [
                    "/dev/sd",
                    "/dev/nvme",
                    "/dev/vd",
                    "/dev/mem",
                    "/dev/hd",
                    "/dev/mmc",
                ]
                .iter()
                .any(|device| word.start().starts_with(device))
            };
            if target.is_some_and(onto_device) {
                tell(&rules::SH_DESTROY, "a write onto a device");
            }
        }
        _ => {}
    }
    if command.kind != Kind::Write
        && let Some(place) = arguments.iter().find_map(secret_place)
    {
        tell(&rules::SH_SECRETS, &format!("{name} of {place}"));
    }
    if arguments
        .iter()
        .any(|word| word.start().starts_with("/dev/tcp/") || word.start().starts_with("/dev/udp/"))
    {
        tell(&rules::SH_NETWORK, "/dev/tcp");
    }
    if let Kind::Hidden(reason) = &command.kind {
        let reads_input = reason.contains("whatever text reaches it");
        let is_eval = matches!(name, "eval" | "trap") || reason.starts_with("what ");
        let is_unknown = command
            .words
            .first()
            .is_some_and(|word| word.text().is_none());
        if reads_input && has_source {
            tell(
                &rules::SH_HIDDEN,
                &format!("{name} of what is fetched or decoded"),
            );
        } else if (is_eval || is_unknown) && has_source {
            tell(
                &rules::SH_HIDDEN,
                "a command that is put together from what is fetched or decoded",
            );
        } else if reads_input || is_eval {
            tell(&rules::SH_EVAL, name);
        }
    }
}

/// Where something that is written runs later.
fn lasting_place(word: &Word) -> Option<&'static str> {
    let path = word.text().map_or_else(
        || {
            let texts = word.pieces.iter().filter_map(|piece| match piece {
                super::Piece::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect::<String>()
        },
        str::to_owned,
    );
    [
        (".bashrc", "a start-up file of the shell"),
        (".bash_profile", "a start-up file of the shell"),
        (".bash_login", "a start-up file of the shell"),
        (".zshrc", "a start-up file of the shell"),
        (".zshenv", "a start-up file of the shell"),
        (".profile", "a start-up file of the shell"),
        ("/etc/profile", "a start-up file of the shell"),
        (".git/hooks/", "a hook of git"),
        (".gitconfig", "the settings of git"),
        (".ssh/", "the keys of ssh"),
        ("/etc/cron", "the timetable of the system"),
        ("/cron/", "the timetable of the system"),
        ("systemd/", "the services of the system"),
        ("autostart/", "what starts with the desktop"),
        ("/etc/ld.so.preload", "what every program loads"),
        ("/etc/sudoers", "who may do what"),
        ("/etc/passwd", "the users of the system"),
        (".vimrc", "a start-up file of the editor"),
        ("init.d/", "the services of the system"),
        ("sitecustomize.py", "a start-up file of Python"),
        ("usercustomize.py", "a start-up file of Python"),
    ]
    .iter()
    .find(|(part, _)| path.contains(part))
    .map(|(_, what)| *what)
}

/// Files that hold keys or other people's environment.
fn secret_place(word: &Word) -> Option<&'static str> {
    let path = word.text().unwrap_or_else(|| word.start());
    [
        ("/etc/shadow", "passwords"),
        (".ssh/id_", "a private key"),
        (".aws/credentials", "keys of AWS"),
        (".netrc", "passwords"),
        (".pgpass", "passwords"),
        (".git-credentials", "passwords"),
        (".docker/config.json", "passwords"),
        (".kube/config", "keys of a cluster"),
        (".gnupg/", "private keys"),
        (".npmrc", "a token"),
        ("/environ", "a process's environment"),
    ]
    .iter()
    .find(|(part, _)| path.contains(part) && (*part != "/environ" || path.starts_with("/proc/")))
    .map(|(_, what)| *what)
}
