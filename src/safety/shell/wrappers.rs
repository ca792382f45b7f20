//! Commands that run other commands: seen through where their arguments tell what they run.
//!
//! Long because it is the table of all of them, with the flags of each: what belongs together is
//! looked up together.

use super::{Invocation, Kind, Word};

/// What a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// A command, word by word.
    Command(Vec<Word>),
    /// A text that a shell reads.
    Script(String),
}

/// A command whose last arguments are a command.
struct Prefix {
    names: &'static [&'static str],
    /// Options that take the next word.
    values: &'static [&'static str],
    /// Words that stand before the command.
    skipped: usize,
    /// Whether nothing but the command inside matters.
    is_plain: bool,
}

const fn prefix(
    names: &'static [&'static str],
    values: &'static [&'static str],
    skipped: usize,
) -> Prefix {
    Prefix {
        names,
        values,
        skipped,
        is_plain: true,
    }
}

const fn special(
    names: &'static [&'static str],
    values: &'static [&'static str],
    skipped: usize,
) -> Prefix {
    Prefix {
        names,
        values,
        skipped,
        is_plain: false,
    }
}

const PREFIXES: &[Prefix] = &[
    prefix(
        &["builtin", "nohup", "setsid", "eatmydata", "catchsegv"],
        &[],
        0,
    ),
    prefix(&["command"], &[], 0),
    prefix(&["exec"], &["-a"], 0),
    prefix(&["time"], &["-f", "-o", "--format", "--output"], 0),
    prefix(&["nice"], &["-n", "--adjustment"], 0),
    prefix(
        &["ionice"],
        &["-c", "-n", "-p", "--class", "--classdata"],
        0,
    ),
    prefix(&["chrt"], &["-T", "-P", "-D"], 1),
    prefix(&["taskset"], &[], 1),
    prefix(&["numactl"], &["-C", "-N", "-m", "-p", "-i"], 0),
    prefix(
        &["timeout", "gtimeout"],
        &["-k", "-s", "--kill-after", "--signal"],
        1,
    ),
    prefix(
        &["stdbuf"],
        &["-i", "-o", "-e", "--input", "--output", "--error"],
        0,
    ),
    prefix(&["unbuffer", "choom", "faketime"], &["-n", "-p"], 0),
    prefix(
        &["strace", "ltrace"],
        &["-e", "-o", "-p", "-s", "-u", "-E", "-a", "-P"],
        0,
    ),
    prefix(&["busybox", "toybox"], &[], 0),
    special(
        &["sudo"],
        &[
            "-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t",
        ],
        0,
    ),
    special(&["doas"], &["-u", "-C"], 0),
    special(&["pkexec"], &["--user"], 0),
    special(&["runuser"], &["-u", "-g", "-G"], 0),
    special(&["chroot"], &["--groups", "--userspec"], 1),
    special(
        &["unshare"],
        &[
            "-S", "-G", "-R", "-w", "--root", "--wd", "--setuid", "--setgid",
        ],
        0,
    ),
    special(&["nsenter"], &["-t", "-S", "-G", "--target"], 0),
    special(
        &[
            "setpriv",
            "capsh",
            "fakeroot",
            "proot",
            "systemd-run",
            "torsocks",
            "proxychains",
            "dbus-run-session",
            "xvfb-run",
        ],
        &["-p", "-u", "-r"],
        0,
    ),
    special(
        &[
            "ld.so",
            "ld-linux.so.2",
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1",
            "ld-musl-x86_64.so.1",
        ],
        &["--library-path", "--preload", "--argv0", "--audit"],
        0,
    ),
];

/// Shells.
const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "yash", "fish", "csh", "tcsh", "rbash",
];

/// Programs that run code of another language that stands in their arguments, in files or on
/// their input.
const INTERPRETERS: &[&str] = &[
    "perl",
    "ruby",
    "node",
    "nodejs",
    "deno",
    "bun",
    "php",
    "lua",
    "luajit",
    "tclsh",
    "wish",
    "expect",
    "guile",
    "ocaml",
    "ghci",
    "Rscript",
    "R",
    "julia",
    "irb",
    "groovy",
    "jshell",
    "osascript",
    "gdb",
    "lldb",
    "m4",
    "bc",
    "sqlite3",
    "psql",
    "mysql",
    "octave",
    "racket",
    "sbcl",
    "emacs",
    "companion",
];

/// Programs that start others when their user, a file or an option tells them to.
const LAUNCHERS: &[&str] = &[
    "make",
    "gmake",
    "ninja",
    "cmake",
    "meson",
    "scons",
    "rake",
    "ant",
    "mvn",
    "gradle",
    "just",
    "vi",
    "vim",
    "nvim",
    "view",
    "vimdiff",
    "ex",
    "ed",
    "nano",
    "pico",
    "joe",
    "less",
    "more",
    "most",
    "man",
    "info",
    "pg",
    "screen",
    "tmux",
    "script",
    "rlwrap",
    "ssh",
    "scp",
    "sftp",
    "mosh",
    "rsync",
    "telnet",
    "docker",
    "podman",
    "kubectl",
    "at",
    "batch",
    "crontab",
    "systemctl",
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "pip",
    "pip3",
    "pipx",
    "uv",
    "cargo",
    "go",
    "gem",
    "bundle",
    "apt",
    "apt-get",
    "dpkg",
    "rpm",
    "yum",
    "dnf",
    "apk",
    "pacman",
    "brew",
    "snap",
    "flatpak",
    "run-parts",
    "start-stop-daemon",
    "flock",
    "watch",
    "entr",
    "parallel",
    "inotifywait",
    "zip",
    "split",
    "cpulimit",
    "ionotify",
    "dialog",
    "whiptail",
    "xdg-open",
    "open",
    "wget",
    "aria2c",
    "openssl",
    "gcc",
    "cc",
    "g++",
    "clang",
    "rustc",
    "ld",
    "qemu",
    "valgrind",
    "perf",
    "mount",
    "insmod",
    "modprobe",
    "socat",
    "nc",
    "ncat",
    "netcat",
    "hg",
    "svn",
    "bzr",
    "look",
    "dc",
];

/// Looks into a command: what it is, and the commands that it runs.
pub(super) fn look_into(words: &[Word]) -> (Kind, Vec<Inner>) {
    let Some((program, arguments)) = words.split_first() else {
        return (Kind::Plain, Vec::new());
    };
    let Some(name) = program.text() else {
        return (
            Kind::Hidden("which program it is shows only when it runs".to_owned()),
            Vec::new(),
        );
    };
    let name = name.rsplit('/').next().unwrap_or(name);
    if let Some(prefix) = PREFIXES.iter().find(|prefix| prefix.names.contains(&name)) {
        return see_through(name, prefix, arguments);
    }
    if SHELLS.contains(&name) {
        return shell(name, arguments);
    }
    let hidden = |reason: String| (Kind::Hidden(reason), Vec::new());
    match name {
        "eval" => joined(arguments).map_or_else(
            || hidden("eval runs a text that shows only when it runs".to_owned()),
            |script| (Kind::SeenThrough, vec![Inner::Script(script)]),
        ),
        "." | "source" => hidden(format!("{name} runs the commands of a file")),
        "alias" => {
            let is_definition = |word: &Word| word.text().is_none_or(|text| text.contains('='));
            if arguments.iter().any(is_definition) {
                hidden("an alias changes what a command's name means".to_owned())
            } else {
                (Kind::Plain, Vec::new())
            }
        }
        "enable" | "hash" | "complete" | "bind" | "shopt" if !arguments.is_empty() => {
            hidden(format!("{name} changes what the names of commands mean"))
        }
        "export" | "declare" | "typeset" | "local" | "readonly" | "unset" => {
            let shadows = arguments.iter().any(|word| {
                let name = word.start().split(['=', '+']).next().unwrap_or_default();
                super::walk::is_shadowing(name) || word.start().is_empty() && word.text().is_none()
            });
            if shadows {
                hidden("it sets variables that decide which programs run".to_owned())
            } else {
                (Kind::Plain, Vec::new())
            }
        }
        "trap" => match arguments.first().map(Word::text) {
            Some(Some("-" | "" | "-l" | "-p")) | None => (Kind::Plain, Vec::new()),
            Some(Some(script)) => (Kind::SeenThrough, vec![Inner::Script(script.to_owned())]),
            Some(None) => hidden("trap runs a text that shows only when it runs".to_owned()),
        },
        "env" => env(arguments),
        "xargs" | "gxargs" => xargs(arguments),
        "parallel" | "entr" | "watch" | "flock" => rest_as_script(name, arguments),
        "script" | "su" => option_as_script(name, arguments, &["-c", "--command"]),
        "find" | "gfind" | "fd" | "fdfind" => find(arguments),
        "git" => git(arguments),
        "tar" | "gtar" | "bsdtar" => tar(arguments),
        "awk" | "gawk" | "mawk" | "nawk" => awk(name, arguments),
        "sed" | "gsed" => sed(arguments),
        "python" | "python2" | "python3" | "pypy" | "pypy3" | "ipython" => {
            hidden(format!("{name} runs a program of its own"))
        }
        _ if name.starts_with("python3.") => hidden("python runs a program of its own".to_owned()),
        _ if INTERPRETERS.contains(&name) => hidden(format!("{name} runs a program of its own")),
        _ if LAUNCHERS.contains(&name) => hidden(format!("{name} can start other programs")),
        "sort" if has_option(arguments, "--compress-program") => {
            hidden("sort starts the program that --compress-program names".to_owned())
        }
        "rg" if has_option(arguments, "--pre") => {
            hidden("rg starts the program that --pre names".to_owned())
        }
        _ => (Kind::Plain, Vec::new()),
    }
}

/// What a shell is at the end of a pipe, or with a file as its input.
pub(super) fn at_end_of_pipe(commands: &mut [Invocation]) {
    for command in commands {
        let name = command
            .words
            .first()
            .and_then(Word::text)
            .unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or(name);
        let reads_input = SHELLS.contains(&name)
            && command
                .words
                .iter()
                .skip(1)
                .all(|word| word.start().starts_with('-') || word.text().is_none());
        if reads_input {
            command.kind = Kind::Hidden(format!("{name} runs whatever text reaches it"));
        }
    }
}

fn has_option(arguments: &[Word], name: &str) -> bool {
    arguments.iter().any(|word| word.start().starts_with(name))
}

fn joined(words: &[Word]) -> Option<String> {
    let texts: Option<Vec<&str>> = words.iter().map(Word::text).collect();
    Some(texts?.join(" "))
}

/// Where the first word stands that is neither an option nor an option's value.
fn operand(arguments: &[Word], values: &[&str]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        let start = word.start();
        if start == "--" {
            return Some(at + 1);
        }
        if word.text().is_none() && !start.starts_with('-') {
            return Some(at);
        }
        if !start.starts_with('-') || start == "-" {
            return Some(at);
        }
        at += if values.contains(&start) { 2 } else { 1 };
    }
    None
}

fn see_through(name: &str, prefix: &Prefix, arguments: &[Word]) -> (Kind, Vec<Inner>) {
    // `command -v x` looks a name up.
    if name == "command"
        && arguments
            .iter()
            .any(|word| matches!(word.text(), Some("-v" | "-V")))
    {
        return (Kind::Plain, Vec::new());
    }
    let kind = if prefix.is_plain {
        Kind::SeenThrough
    } else {
        Kind::Plain
    };
    let first = operand(arguments, prefix.values).map(|at| at + prefix.skipped);
    let mut inner = first.and_then(|at| arguments.get(at..)).unwrap_or_default();
    // `sudo X=1 cmd`
    while let Some((word, rest)) = inner.split_first()
        && is_assignment(word)
    {
        inner = rest;
    }
    if inner.is_empty() {
        let runs_shell = matches!(
            name,
            "sudo" | "doas" | "chroot" | "unshare" | "nsenter" | "pkexec"
        );
        return if runs_shell && !arguments.is_empty() {
            (Kind::Hidden(format!("{name} starts a shell")), Vec::new())
        } else {
            (Kind::Plain, Vec::new())
        };
    }
    (kind, vec![Inner::Command(inner.to_vec())])
}

fn is_assignment(word: &Word) -> bool {
    word.start().split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    })
}

fn shell(name: &str, arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let mut wants_script = false;
    for word in arguments {
        let Some(text) = word.text() else {
            return (
                Kind::Hidden(format!("what {name} runs shows only when it runs")),
                Vec::new(),
            );
        };
        if matches!(text, "--rcfile" | "--init-file") {
            return (
                Kind::Hidden(format!("{name} runs the commands of a file")),
                Vec::new(),
            );
        }
        if text.starts_with(['-', '+']) && text.len() > 1 {
            wants_script |= !text.starts_with("--") && text.contains('c') && text.starts_with('-');
        } else if wants_script {
            return (Kind::SeenThrough, vec![Inner::Script(text.to_owned())]);
        } else {
            return (
                Kind::Hidden(format!("{name} runs the commands of a file")),
                Vec::new(),
            );
        }
    }
    (Kind::Plain, Vec::new())
}

fn env(arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let mut shadows = false;
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        let start = word.start();
        let split = ["-S", "--split-string=", "-vS", "-iS", "-ivS"];
        if let Some(option) = split.iter().find(|option| start.starts_with(**option)) {
            let value = word.without_start(option.len());
            let rest = arguments.get(at + 1..).unwrap_or_default();
            let mut words = vec![value];
            words.extend_from_slice(rest);
            let words: Vec<Word> = words
                .into_iter()
                .filter(|word| word.text() != Some(""))
                .collect();
            return joined(&words).map_or_else(
                || {
                    (
                        Kind::Hidden("what env runs shows only when it runs".to_owned()),
                        Vec::new(),
                    )
                },
                |script| {
                    (
                        Kind::SeenThrough,
                        vec![Inner::Command(split_words(&script))],
                    )
                },
            );
        }
        if start == "--split-string" {
            at += 1;
            continue;
        }
        if is_assignment(word) {
            let name = start.split('=').next().unwrap_or_default();
            shadows |= super::walk::is_shadowing(name);
            at += 1;
        } else if matches!(
            start,
            "-u" | "--unset" | "-C" | "--chdir" | "-a" | "--argv0"
        ) {
            at += 2;
        } else if start.starts_with('-') && word.text().is_some() {
            at += 1;
        } else {
            break;
        }
    }
    let inner = arguments.get(at..).unwrap_or_default().to_vec();
    if shadows {
        let reason = "env sets variables that decide which programs run".to_owned();
        return (Kind::Hidden(reason), vec![Inner::Command(inner)]);
    }
    let kind = if inner.is_empty() {
        Kind::Plain
    } else {
        Kind::SeenThrough
    };
    (kind, vec![Inner::Command(inner)])
}

/// As `env -S` splits: quotes, no expansions.
fn split_words(text: &str) -> Vec<Word> {
    super::read_words(text).unwrap_or_else(|_| vec![Word::many()])
}

fn xargs(arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let values = [
        "-I",
        "-n",
        "-P",
        "-L",
        "-s",
        "-d",
        "-E",
        "-a",
        "--max-args",
        "--max-procs",
        "--delimiter",
        "--arg-file",
        "--max-lines",
        "--replace",
    ];
    let mut inner = operand(arguments, &values)
        .and_then(|at| arguments.get(at..))
        .unwrap_or_default()
        .to_vec();
    if inner.is_empty() {
        inner.push(Word::literal("echo"));
    }
    // What xargs adds is not known; `{}` of -I may be part of any word.
    let as_written = inner.clone();
    for place in placeholders(arguments) {
        for word in &mut inner {
            if word.text().is_none_or(|text| text.contains(&place)) {
                *word = Word::many();
            }
        }
    }
    inner.push(Word::many());
    let mut all = vec![Inner::Command(inner)];
    // `-I{} sh -c 'rm {}'`: with the place filled in it is not known, as written it is.
    if has_option(arguments, "-I")
        || has_option(arguments, "-i")
        || has_option(arguments, "--replace")
    {
        all.push(Inner::Command(as_written));
    }
    (Kind::SeenThrough, all)
}

/// The texts that xargs replaces: `{}` of `-I {}`.
fn placeholders(arguments: &[Word]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let start = word.start();
        let place = match start {
            "-I" => arguments.get(at + 1).map_or("", Word::start),
            "-i" | "--replace" => "{}",
            _ => start
                .strip_prefix("-I")
                .or_else(|| start.strip_prefix("-i"))
                .or_else(|| start.strip_prefix("--replace="))
                .unwrap_or_default(),
        };
        if !place.is_empty() {
            found.push(place.to_owned());
        }
    }
    found
}

/// `watch`, `parallel`: the words after the options, joined, are read by a shell.
fn rest_as_script(name: &str, arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let skipped = usize::from(name == "flock");
    let values = [
        "-n",
        "-j",
        "--jobs",
        "--interval",
        "-w",
        "--timeout",
        "-E",
        "-I",
        "-a",
        "-S",
        "--sshlogin",
        "-N",
        "--results",
    ];
    let values: &[&str] = if name == "flock" {
        &["-w", "--timeout", "-E"]
    } else {
        &values
    };
    let inner = operand(arguments, values)
        .and_then(|at| arguments.get(at + skipped..))
        .unwrap_or_default();
    let inner = match inner.first().map(Word::text) {
        Some(Some("-c" | "--command")) => inner.get(1..).unwrap_or_default(),
        _ => inner,
    };
    let data = inner
        .iter()
        .position(|word| word.text().is_some_and(|text| text.starts_with(":::")));
    let inner = inner.get(..data.unwrap_or(inner.len())).unwrap_or_default();
    let is_remote = has_option(arguments, "-S") || has_option(arguments, "--sshlogin");
    match joined(inner) {
        Some(script) if !script.is_empty() && !is_remote => {
            let kind = if name == "parallel" || name == "entr" {
                // The rest of each command comes from its input.
                Kind::Hidden(format!("{name} puts its input into commands"))
            } else {
                Kind::SeenThrough
            };
            (kind, vec![Inner::Script(script)])
        }
        _ => (
            Kind::Hidden(format!("what {name} runs shows only when it runs")),
            Vec::new(),
        ),
    }
}

/// `su -c TEXT`, `script -c TEXT`.
fn option_as_script(name: &str, arguments: &[Word], options: &[&str]) -> (Kind, Vec<Inner>) {
    for (at, word) in arguments.iter().enumerate() {
        let start = word.start();
        let is_short = start.starts_with('-') && !start.starts_with("--") && start.ends_with('c');
        let script = if options.contains(&start) || is_short {
            arguments.get(at + 1).cloned()
        } else {
            start
                .strip_prefix("--command=")
                .map(|_| word.without_start("--command=".len()))
        };
        if let Some(script) = script {
            return match script.text() {
                Some(text) => (Kind::Plain, vec![Inner::Script(text.to_owned())]),
                None => (
                    Kind::Hidden(format!("what {name} runs shows only when it runs")),
                    Vec::new(),
                ),
            };
        }
    }
    (Kind::Hidden(format!("{name} starts a shell")), Vec::new())
}

fn find(arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let mut inner = Vec::new();
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        at += 1;
        match word.text() {
            Some(
                "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch",
            ) => {
                let rest = arguments.get(at..).unwrap_or_default();
                let end = rest
                    .iter()
                    .position(|word| matches!(word.text(), Some(";" | "+")))
                    .unwrap_or(rest.len());
                let mut command = rest.get(..end).unwrap_or_default().to_vec();
                for word in &mut command {
                    if word.text().is_some_and(|text| text.contains("{}")) {
                        // A path that was found: one word, that can't begin with a dash.
                        *word = Word {
                            pieces: vec![super::Piece::Text(String::new()), super::Piece::Any],
                        };
                    }
                }
                inner.push(Inner::Command(command));
                at += end + 1;
            }
            Some("-delete") => inner.push(Inner::Command(vec![
                Word::literal("rm"),
                Word {
                    pieces: vec![super::Piece::Text(String::new()), super::Piece::Any],
                },
            ])),
            Some("-fprint" | "-fprintf" | "-fprint0" | "-fls") => {
                if let Some(file) = arguments.get(at) {
                    inner.push(Inner::Command(vec![Word::literal("tee"), file.clone()]));
                }
            }
            _ => {}
        }
    }
    (Kind::Plain, inner)
}

/// Settings of git that name programs.
const GIT_PROGRAMS: &[&str] = &[
    "alias.",
    "core.pager",
    "core.editor",
    "core.sshcommand",
    "core.fsmonitor",
    "core.hookspath",
    "core.gitproxy",
    "core.askpass",
    "pager.",
    "diff.external",
    "difftool.",
    "mergetool.",
    "filter.",
    "credential.",
    "sequence.editor",
    "gpg.",
    "uploadpack.",
    "remote.",
    "protocol.ext",
    "include.path",
    "includeif.",
    "merge.",
    "diff.",
    "interactive.difffilter",
    "url.",
];

fn git(arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let mut hidden: Option<String> = None;
    let mut inner = Vec::new();
    let mut at = 0;
    // Options before the subcommand: with them gone, rules see `git push`.
    while let Some(word) = arguments.get(at) {
        let start = word.start();
        if start == "-c" || start == "--config-env" {
            let setting = arguments
                .get(at + 1)
                .map_or("", Word::start)
                .to_ascii_lowercase();
            let is_program = GIT_PROGRAMS.iter().any(|name| setting.starts_with(name));
            if is_program || setting.is_empty() {
                hidden = Some("git -c can name programs that git starts".to_owned());
            }
            at += 2;
        } else if matches!(
            start,
            "-C" | "--git-dir"
                | "--work-tree"
                | "--namespace"
                | "--exec-path"
                | "--super-prefix"
                | "--attr-source"
        ) {
            at += 2;
        } else if start.starts_with("--exec-path=") {
            hidden = Some("git --exec-path= names the folder of git's own programs".to_owned());
            at += 1;
        } else if start.starts_with('-') {
            at += 1;
        } else {
            break;
        }
    }
    let rest = arguments.get(at..).unwrap_or_default();
    if at > 0 && !rest.is_empty() {
        let mut words = vec![Word::literal("git")];
        words.extend_from_slice(rest);
        inner.push(Inner::Command(words));
    }
    let subcommand = rest.first().map_or("", Word::start);
    let after = rest.get(1..).unwrap_or_default();
    let script =
        |hidden: &mut Option<String>, inner: &mut Vec<Inner>, word: Option<Word>, what: &str| {
            match word.as_ref().map(Word::text) {
                Some(Some(text)) => inner.push(Inner::Script(text.to_owned())),
                _ => *hidden = Some(format!("{what} runs commands that can't be seen")),
            }
        };
    match subcommand {
        "config" => {
            let names_program = after.iter().any(|word| {
                let start = word.start().to_ascii_lowercase();
                GIT_PROGRAMS.iter().any(|name| start.starts_with(name))
            });
            let operands = after
                .iter()
                .filter(|word| !word.start().starts_with('-'))
                .count();
            if names_program && operands > 1 {
                hidden = Some("the setting names a program that git starts".to_owned());
            }
        }
        "rebase" => {
            for (at, word) in after.iter().enumerate() {
                if matches!(word.start(), "-x" | "--exec") {
                    script(
                        &mut hidden,
                        &mut inner,
                        after.get(at + 1).cloned(),
                        "git rebase --exec",
                    );
                } else if word.start().starts_with("--exec=") {
                    script(
                        &mut hidden,
                        &mut inner,
                        Some(word.without_start(7)),
                        "git rebase --exec",
                    );
                }
            }
        }
        "bisect" if after.first().and_then(Word::text) == Some("run") => {
            inner.push(Inner::Command(after.get(1..).unwrap_or_default().to_vec()));
        }
        "submodule" if after.iter().any(|word| word.text() == Some("foreach")) => {
            let at = after.iter().position(|word| word.text() == Some("foreach"));
            let words = at.and_then(|at| after.get(at + 1..)).unwrap_or_default();
            let words: Vec<Word> = words
                .iter()
                .filter(|word| word.text() != Some("--recursive"))
                .cloned()
                .collect();
            let text = joined(&words).map(Word::literal);
            script(&mut hidden, &mut inner, text, "git submodule foreach");
        }
        "filter-branch" | "difftool" | "mergetool" | "instaweb" | "daemon" | "send-email"
        | "p4" | "svn" | "cvsimport" | "hook" => {
            hidden = Some(format!("git {subcommand} starts other programs"));
        }
        _ => {}
    }
    if after.iter().any(|word| {
        [
            "--upload-pack",
            "--receive-pack",
            "--open-files-in-pager",
            "-O",
            "--extcmd",
            "ext::",
        ]
        .iter()
        .any(|start| word.start().starts_with(start))
    }) {
        hidden = Some("an option names a program that git starts".to_owned());
    }
    if subcommand.is_empty() && !rest.is_empty() {
        hidden = Some("which command of git it is shows only when it runs".to_owned());
    }
    match hidden {
        Some(reason) => (Kind::Hidden(reason), inner),
        None if at > 0 && !inner.is_empty() => (Kind::SeenThrough, inner),
        None => (Kind::Plain, inner),
    }
}

fn tar(arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let long = [
        "--to-c",
        "--checkpoint-a",
        "--use-c",
        "--rsh-c",
        "--rmt-c",
        "--info-s",
        "--new-volume-s",
    ];
    let mut inner = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let start = word.start();
        let is_long = long.iter().any(|option| start.starts_with(option));
        // `-I PROGRAM` and `-F SCRIPT`, also at the end of a cluster.
        let is_short =
            start.starts_with('-') && !start.starts_with("--") && start.contains(['I', 'F']);
        if !is_long && !is_short {
            continue;
        }
        let value = match start.split_once('=') {
            Some((option, _)) if is_long => Some(word.without_start(option.len() + 1)),
            _ => arguments.get(at + 1).cloned(),
        };
        let value = value.as_ref().and_then(Word::text);
        let value = value.map(|text| text.strip_prefix("exec=").unwrap_or(text));
        match value {
            Some(text) if is_long || start.ends_with(['I', 'F']) => {
                inner.push(Inner::Script(text.to_owned()));
            }
            _ => {
                let reason = "tar starts a program that can't be seen".to_owned();
                return (Kind::Hidden(reason), inner);
            }
        }
    }
    (Kind::Plain, inner)
}

fn awk(name: &str, arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let hidden = |reason: String| (Kind::Hidden(reason), Vec::new());
    let reads_file = arguments.iter().any(|word| {
        [
            "-f",
            "--file",
            "-i",
            "--include",
            "-l",
            "--load",
            "-E",
            "--exec",
            "-e",
            "--source",
        ]
        .iter()
        .any(|option| word.start().starts_with(option))
    });
    if reads_file {
        return hidden(format!("{name} runs a program from a file or an option"));
    }
    let program = operand(arguments, &["-F", "-v", "--field-separator", "--assign"])
        .and_then(|at| arguments.get(at));
    match program.map(Word::text) {
        None => (Kind::Plain, Vec::new()),
        Some(None) => hidden(format!("the program of {name} shows only when it runs")),
        Some(Some(text)) => {
            // Strings and patterns may hold a pipe; a pipe of its own runs a command.
            let bare = without_strings(text);
            let pipes = bare.replace("||", "").contains('|');
            if bare.contains("system") || pipes || bare.contains("getline") {
                hidden(format!("the program of {name} starts commands"))
            } else if bare.replace(">=", "").contains("print") && bare.contains('>') {
                hidden(format!("the program of {name} may write files"))
            } else {
                (Kind::Plain, Vec::new())
            }
        }
    }
}

/// A text with what stands in double quotes or between slashes taken out.
fn without_strings(text: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() {
            if c == '"'
                || (c == '/'
                    && !out
                        .trim_end()
                        .ends_with(|c: char| c.is_alphanumeric() || c == ')'))
            {
                quote = Some(c);
            } else {
                out.push(c);
            }
        }
    }
    out
}

fn sed(arguments: &[Word]) -> (Kind, Vec<Inner>) {
    let hidden = |reason: &str| (Kind::Hidden(reason.to_owned()), Vec::new());
    let mut scripts = Vec::new();
    let mut has_script_option = false;
    let mut at = 0;
    let mut first = None;
    while let Some(word) = arguments.get(at) {
        let start = word.start();
        if start.starts_with("--file") || start == "-f" {
            return hidden("sed runs a script from a file");
        }
        if start == "-e" || start == "--expression" {
            has_script_option = true;
            scripts.extend(arguments.get(at + 1));
            at += 1;
        } else if start.starts_with("--expression=") || (start.starts_with("-e") && start.len() > 2)
        {
            has_script_option = true;
            scripts.push(word);
        } else if !start.starts_with('-') && first.is_none() {
            first = Some(word);
        }
        at += 1;
    }
    if !has_script_option {
        scripts.extend(first);
    }
    for script in scripts {
        match script.text() {
            None => {
                // `s/a/$x/`: what the variable holds could end the command and begin another.
                return hidden("the script of sed shows only when it runs");
            }
            Some(text) => {
                let text = text.strip_prefix("--expression=").unwrap_or(text);
                if sed_reaches_out(text) {
                    return hidden("the script of sed starts commands or writes files");
                }
            }
        }
    }
    (Kind::Plain, Vec::new())
}

/// Whether a sed script has an `e`, `w` or `W` command, or those flags on an `s`. What is not
/// understood counts as that it has.
fn sed_reaches_out(script: &str) -> bool {
    let chars: Vec<char> = script.chars().collect();
    let mut at = 0;
    let get = |at: usize| chars.get(at).copied();
    // The end of a part that a delimiter closes.
    let part = |mut at: usize, delimiter: char| -> Option<usize> {
        let mut in_class = false;
        loop {
            match get(at)? {
                '\\' => at += 1,
                '[' if !in_class => in_class = get(at + 1) != Some(delimiter),
                ']' => in_class = false,
                c if c == delimiter && !in_class => return Some(at + 1),
                '\n' if delimiter != '\n' => in_class = false,
                _ => {}
            }
            at += 1;
        }
    };
    while let Some(c) = get(at) {
        at += 1;
        match c {
            c if c.is_whitespace() || c.is_ascii_digit() || ";{},$!~+".contains(c) => {}
            '/' => match part(at, '/') {
                Some(end) => at = end + usize::from(matches!(get(end), Some('I' | 'M'))),
                None => return true,
            },
            '\\' => {
                let Some(end) = get(at).and_then(|delimiter| part(at + 1, delimiter)) else {
                    return true;
                };
                at = end;
            }
            's' | 'y' => {
                let Some(delimiter) = get(at) else {
                    return true;
                };
                let Some(end) = part(at + 1, delimiter).and_then(|middle| {
                    // Brackets mean nothing in the second part.
                    let mut at = middle;
                    loop {
                        match get(at)? {
                            '\\' => at += 1,
                            c if c == delimiter => return Some(at + 1),
                            _ => {}
                        }
                        at += 1;
                    }
                }) else {
                    return true;
                };
                at = end;
                while let Some(flag) = get(at).filter(char::is_ascii_alphanumeric) {
                    if matches!(flag, 'e' | 'w') {
                        return true;
                    }
                    at += 1;
                }
            }
            'a' | 'i' | 'c' | 'r' | 'R' | 'b' | 't' | 'T' | ':' | '#' => {
                while get(at).is_some_and(|c| {
                    c != '\n' && (c != ';' || matches!(chars[at - 1], 'a' | 'i' | 'c'))
                }) {
                    at += 1;
                }
            }
            'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'n' | 'N' | 'p' | 'P' | 'q' | 'Q' | 'x' | 'z'
            | 'l' | '=' | 'F' => {}
            _ => return true,
        }
    }
    false
}
