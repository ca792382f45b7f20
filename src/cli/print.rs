//! `companion print`

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use crate::builtin;
use crate::config::Config;
use crate::error::Report;
use crate::protocol::slash;
use crate::safety;
use crate::tui;

/// Prints what other programs and the docs read.
#[derive(Debug, Args)]
pub(super) struct Print {
    /// What to print
    #[arg(value_name = "WHAT")]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Completions for bash
    Bash,
    /// Completions for fish
    Fish,
    /// Completions for zsh
    Zsh,
    /// Completions for PowerShell
    Powershell,
    /// Completions for elvish
    Elvish,
    /// The man page, in roff
    Man,
    /// A config.toml with every key, its default and its meaning
    Config,
    /// The reference of slash commands, in Markdown: docs/commands.md
    Commands,
    /// The reference of keys, in Markdown: docs/keys.md
    Keys,
    /// The reference of config.toml, in Markdown: docs/config.md
    Settings,
    /// What the validator knows, in Markdown: docs/rules.md
    Rules,
    /// The built-in tools, in Markdown: docs/tools.md
    Tools,
}

impl Print {
    pub fn start(self, mut command: Command) -> Result<u8, Report> {
        let mut page = Vec::new();
        let shell = |shell: Shell, command: &mut Command, page: &mut Vec<u8>| {
            clap_complete::generate(shell, command, "companion", page);
        };
        match self.what {
            What::Bash => shell(Shell::Bash, &mut command, &mut page),
            What::Fish => shell(Shell::Fish, &mut command, &mut page),
            What::Zsh => shell(Shell::Zsh, &mut command, &mut page),
            What::Powershell => shell(Shell::PowerShell, &mut command, &mut page),
            What::Elvish => shell(Shell::Elvish, &mut command, &mut page),
            What::Man => man(command, &mut page)
                .map_err(|error| Report::failure("no man page").cause(error.to_string()))?,
            What::Config => page = Config::template().into_bytes(),
            What::Commands => page = commands(&mut command).into_bytes(),
            What::Keys => page = titled("Keys", "keys", &tui::keys_markdown()),
            What::Rules => page = titled("Rules", "rules", &safety::rules_markdown()),
            What::Tools => page = titled("Tools", "tools", &tools()),
            What::Settings => page = titled("Settings", "settings", &Config::markdown()),
        }
        match io::stdout().lock().write_all(&page) {
            Ok(()) => Ok(0),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
            Err(error) => Err(Report::failure("can't write").cause(error.to_string())),
        }
    }
}

/// One page: the command itself, then each of its commands.
fn man(command: Command, page: &mut Vec<u8>) -> io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(page)?;
    for sub in command.get_subcommands() {
        let name = format!("companion {}", sub.get_name());
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        let sub = clap_mangen::Man::new(sub.clone().display_name(name));
        sub.render_synopsis_section(page)?;
        sub.render_description_section(page)?;
        sub.render_options_section(page)?;
    }
    Ok(())
}

/// A page of the docs around a table.
fn titled(title: &str, what: &str, table: &str) -> Vec<u8> {
    let note = format!("<!-- printed by `companion print {what}`; a test compares -->");
    format!("# {title}\n\n{note}\n\n{table}").into_bytes()
}

fn tools() -> String {
    let intro = "Each is called the same way, whoever calls: its arguments are checked, the rules of \
                 [tools.toml](policy.md#tools) are asked, and what was done is written down \
                 (`companion audit show`). On the command line: `companion tools list`, `describe`, \
                 `call NAME --args JSON`, `pipe`; what a rule says of a call: `companion policy explain`; at the prompt: `/tools`, `/call NAME`, `/why`; in \
                 cells: the module `companion`. What depends on the arguments alone is kept \
                 for a day, in memory and in the cache folder, apart for each origin: the line below a \
                 result says `cached`, and `--no-cache` finds it out anew.\n\n";
    format!("{intro}{}", builtin::markdown())
}

/// `docs/commands.md`: the slash commands and the command line, from their tables.
fn commands(command: &mut Command) -> String {
    let mut page = String::from(
        "# Commands\n\n<!-- printed by `companion print commands`; a test compares -->\n\n\
         ## At the prompt\n\n| command | what it does | also |\n|---|---|---|\n",
    );
    for spec in slash::SLASH {
        let usage = if spec.usage.is_empty() {
            String::new()
        } else {
            format!(" {}", spec.usage)
        };
        let usage = usage.replace('|', "\\|");
        let also: Vec<_> = spec
            .aliases
            .iter()
            .map(|alias| format!("`/{alias}`"))
            .collect();
        let (name, does, also) = (spec.name, spec.summary, also.join(" "));
        let _ = writeln!(page, "| `/{name}{usage}` | {does} | {also} |");
    }
    page.push_str("\n## On the command line\n");
    let mut help = |title: String, command: &mut Command| {
        let text = command.render_long_help().to_string();
        let text: Vec<_> = text.lines().map(str::trim_end).collect();
        let text = text.join("\n");
        let _ = write!(
            page,
            "\n### `{title}`\n\n```text\n{}\n```\n",
            text.trim_end()
        );
    };
    // Width and bin name as a user at 100 columns sees them.
    let mut root = command.clone().term_width(100);
    root.build();
    help("companion".to_owned(), &mut root);
    let names: Vec<_> = root
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names.iter().filter(|name| *name != "help") {
        if let Some(sub) = root.find_subcommand_mut(name) {
            help(format!("companion {name}"), sub);
            // Those that take more than their name.
            for inner in sub.get_subcommands_mut() {
                let takes_more = inner.get_arguments().any(|argument| {
                    !argument.is_global_set()
                        && argument.get_id() != "help"
                        && argument.get_id() != "version"
                });
                if takes_more && inner.get_name() != "help" {
                    // The flags of every command stand with the one above.
                    let title = format!("companion {name} {}", inner.get_name());
                    let plain = inner.clone().mut_args(|argument| {
                        let is_global = argument.is_global_set();
                        argument.hide(is_global)
                    });
                    help(
                        title,
                        &mut plain.disable_help_flag(true).disable_version_flag(true),
                    );
                }
            }
        }
    }
    page
}
