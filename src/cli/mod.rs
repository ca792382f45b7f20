//! The command line: parses it, loads what the command needs, tells what went wrong.

mod audit;
mod doctor;
mod fetch;
mod history;
mod imagine;
mod mcp;
mod meter;
mod models;
mod policy;
mod print;
mod rows;
mod run;
mod sanitize;
mod show;
mod tools;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, CommandFactory, Parser, Subcommand};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::config::{Config, FolderOverrides, Folders};
use crate::error::Report;
use crate::generator::{ImageGenerator, LATENTS_FOLDER};
use crate::kernel;
use crate::models::Catalogue;
use crate::panics;
use crate::protocol::Language;
use crate::sanitize::sanitize_for_terminal;
use crate::tui;

/// A full-screen terminal REPL: Python, JavaScript and shell in a jail, and pictures.
///
/// Without a command it opens the full-screen prompt. Code runs in worker processes of its own:
/// without files, network or environment, under limits of time, memory and output.
#[derive(Debug, Parser)]
#[command(
    name = "companion",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 fine, 1 the code or companion failed, 2 wrong usage or an \
                        unreadable file, 3 refused by the policy, 124 a limit, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Sub>,
    #[command(flatten)]
    global: Global,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Folders and looks")]
struct Global {
    /// Where history and pictures are kept [default: $`XDG_DATA_HOME/companion`]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Where config.toml and themes/ are [default: $`XDG_CONFIG_HOME/companion`]
    #[arg(long, value_name = "DIR", global = true)]
    config_dir: Option<PathBuf>,
    /// Where what can be lost is kept [default: $`XDG_CACHE_HOME/companion`]
    #[arg(long, value_name = "DIR", global = true)]
    cache_dir: Option<PathBuf>,
    /// Colours: the name of a theme [config: theme]
    #[arg(long, value_name = "NAME", global = true)]
    theme: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Run a program from a file or a pipe
    Run(run::Run),
    /// Make pictures from a prompt
    Imagine(imagine::Imagine),
    /// Show pictures in the terminal: PNG, JPEG, WebP, GIF; or tell how they were made
    Show(show::Show),
    /// List, check, import and download the models that make pictures
    Models(models::Models),
    /// List what was typed, over all sessions
    History(history::History),
    /// Tell what this terminal and this system can do
    Doctor(doctor::Doctor),
    /// Show, test and try the rules about findings and commands: policy.toml
    Policy(policy::Policy),
    /// List, describe and call the tools that code, models and you can use
    Tools(tools::Tools),
    /// Serve the tools to MCP clients: editors, agents, other programs
    Mcp(mcp::Mcp),
    /// Fetch a public page as Markdown, text, links or code
    Fetch(fetch::Fetch),
    /// Show what tools did, and check that nobody changed the record of it
    Audit(audit::Audit),
    /// Make untrusted text safe for a terminal: from standard input to standard output
    Sanitize(sanitize::Sanitize),
    /// Print shell completions, the man page, the default configuration or a reference
    Print(print::Print),
}

/// What commands work with.
struct Context {
    folders: Folders,
    config: Config,
    theme: Option<String>,
}

impl Context {
    /// The models that there are.
    fn catalogue(&self) -> Catalogue {
        Catalogue::new(&self.folders.data, self.config.models_dir.as_deref())
    }

    fn generator(&self) -> ImageGenerator {
        let Folders { cache, data, .. } = &self.folders;
        ImageGenerator::with(
            self.catalogue(),
            self.folders.styles_file(),
            cache.clone(),
            data.join(LATENTS_FOLDER),
        )
    }
}

/// Set by the first Ctrl-C; the second one ends the process where it stands.
fn stopped_by_signals() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Where signals can't be caught they do what they always did.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone());
        let _ = signal_hook::flag::register(signal, flag.clone());
    }
    flag
}

/// Parses the command line, does what it says, and tells what went wrong.
pub fn main() -> ExitCode {
    panics::silence_contained();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match cli.start() {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            // It may quote what code and servers said.
            let text = report.to_string();
            let _ = writeln!(io::stderr(), "{}", sanitize_for_terminal(&text));
            ExitCode::from(report.exit_code())
        }
    }
}

impl Cli {
    fn start(self) -> Result<u8, Report> {
        let Self { command, global } = self;
        match command {
            // Needs no folders: works where there is no home, too.
            Some(Sub::Print(print)) => print.start(Self::command()),
            Some(Sub::Sanitize(_)) => sanitize::Sanitize::start(),
            Some(Sub::Run(run)) => run.start(&Arc::new(global.context()?)),
            Some(Sub::Imagine(imagine)) => imagine.start(&global.context()?),
            Some(Sub::Show(show)) => show.start(&global.context()?),
            Some(Sub::Models(models)) => models.start(&global.context()?),
            Some(Sub::History(history)) => history.start(&global.context()?),
            Some(Sub::Policy(policy)) => policy.start(&global.context()?),
            Some(Sub::Tools(tools)) => tools.start(&global.context()?),
            Some(Sub::Mcp(mcp)) => mcp.start(&global.context()?),
            Some(Sub::Fetch(fetch)) => fetch.start(&global.context()?),
            Some(Sub::Audit(audit)) => audit.start(&global.context()?),
            Some(Sub::Doctor(doctor)) => Ok(doctor.start(&global.context()?)),
            None => open_ui(&global.context()?),
        }
    }
}

impl Global {
    fn context(self) -> Result<Context, Report> {
        let folders = Folders::resolve(FolderOverrides {
            data: self.data_dir,
            config: self.config_dir,
            cache: self.cache_dir,
        })?;
        // Whatever code is granted: these stay companion's own.
        kernel::protect_folders(folders.all().map(|(_, folder)| folder.to_owned()));
        let (config, warnings) = Config::load(&folders)?;
        for warning in warnings {
            let _ = writeln!(io::stderr(), "companion: warning: {warning}");
        }
        Ok(Context {
            folders,
            config,
            theme: self.theme,
        })
    }
}

fn open_ui(context: &Context) -> Result<u8, Report> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(
            Report::usage("the full-screen prompt needs a terminal on both ends")
                .hint("run code from a pipe with companion run -"),
        );
    }
    let (toolbox, engines) = tools::toolbox(context, &tools::Functions::default())?;
    tui::run(tui::Options {
        folders: &context.folders,
        config: &context.config,
        theme: context.theme.as_deref(),
        warnings: Vec::new(),
        toolbox,
        engines,
        place: tools::call::place()?,
    })
}

/// Parses a language for clap, whose errors then name the ones there are.
fn language(text: &str) -> Result<Language, String> {
    text.parse()
        .map_err(|error: crate::protocol::UnknownLanguage| error.to_string())
}
