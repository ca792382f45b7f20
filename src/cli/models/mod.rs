//! `companion models`

mod check;
mod download;
mod tell;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Context, rows, stopped_by_signals};
use crate::error::Report;
use crate::models::{Hub, Import, ImportMode, ModelError, Pull, RepoId, Styles};
use crate::picture::{shown_path, shown_size};

/// The models that make pictures: those in `models` of the data folder, in `models_dir` of
/// config.toml, and those that came with companion.
#[derive(Debug, Args)]
pub(super) struct Models {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them: name, family, size, dtype, defaults, folder
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Tell all about one: its parts, its hash, what it does best with
    Info {
        /// Its name, or the last part of it, or a path that begins with /, ./ or ../
        #[arg(value_name = "NAME")]
        name: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Read every file anew: what is missing, broken, or not as it came; ends with 1 if anything is
    Verify {
        /// Which [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// One JSON object a file and line
        #[arg(long)]
        json: bool,
    },
    /// Take over a model from elsewhere: a diffusers folder, a .safetensors or .ckpt file
    Import {
        /// The folder or file
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// Its name here [default: that of the folder or file]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Link to it instead of copying it
        #[arg(long)]
        link: bool,
    },
    /// Download a model of Hugging Face's hub; given again, it goes on where it stopped
    ///
    /// Of a repository with `model_index.json` it fetches what the model needs, else its one
    /// checkpoint. Sizes and hashes are checked. Where a token is wanted, it is taken from the
    /// variable `HF_TOKEN`, and sent to the hub only.
    Pull {
        /// OWNER/NAME, or OWNER/NAME@REVISION
        #[arg(value_name = "REPO", value_parser = repo)]
        repo: RepoId,
        /// Only files of this name, with * and ? [default: what the model needs]
        #[arg(long = "file", value_name = "PATTERN")]
        patterns: Vec<String>,
        /// Weights of this variant where there are such: fp16
        #[arg(long, value_name = "VARIANT", conflicts_with = "patterns")]
        variant: Option<String>,
        /// Its name here [default: OWNER/NAME]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// List the style presets, which wrap a prompt: those of companion, and of styles.toml
    Styles {
        /// Only this one, with its texts
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// What it makes of this prompt
        #[arg(value_name = "PROMPT", requires = "name")]
        prompt: Option<String>,
    },
}

impl Models {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let catalogue = context.catalogue();
        match self.what {
            What::List { json } => Ok(tell::list(&catalogue, json)),
            What::Info { name, json } => tell::info(context, &catalogue.find(&name)?, json),
            What::Verify { names, json } => check::verify(context, &catalogue, &names, json),
            What::Import { path, name, link } => import(context, path, name, link),
            What::Pull {
                repo,
                patterns,
                variant,
                name,
            } => {
                let hub = Hub::new(&context.config.hub_url, std::env::var("HF_TOKEN").ok())?;
                download::pull(&Pull {
                    hub: &hub,
                    repo: &repo,
                    patterns: &patterns,
                    variant: variant.as_deref(),
                    name: name.as_deref(),
                    data: &context.folders.data,
                    cancel: &stopped_by_signals(),
                })
            }
            What::Styles { name, prompt } => styles(context, name.as_deref(), prompt.as_deref()),
        }
    }
}

/// Prints; a reader that is gone does not want to hear of it.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn import(
    context: &Context,
    path: PathBuf,
    name: Option<String>,
    link: bool,
) -> Result<u8, Report> {
    let model = Import {
        from: &path,
        name: name.as_deref(),
        mode: if link {
            ImportMode::Link
        } else {
            ImportMode::Copy
        },
        data: &context.folders.data,
        cancel: &stopped_by_signals(),
    }
    .run()?;
    let (name, kind, size) = (
        &model.name,
        tell::kind(&model),
        shown_size(model.size_bytes),
    );
    print(&format!(
        "{name}: {kind}, {size}, in {}\n",
        shown_path(&model.path)
    ));
    if !model.family.is_generator() {
        let note = "it makes no pictures by itself, or is of a family that is not known";
        let _ = writeln!(io::stderr(), "companion: warning: {note}");
    }
    Ok(0)
}

fn styles(context: &Context, name: Option<&str>, prompt: Option<&str>) -> Result<u8, Report> {
    let styles = Styles::load(&context.folders.styles_file())?;
    if let Some(name) = name {
        let style = styles.get(name)?;
        let (prompt, negative) = style.wrap(prompt.unwrap_or("{prompt}"), None);
        let mut rows = vec![("prompt".to_owned(), prompt)];
        rows.extend(negative.map(|negative| ("negative".to_owned(), negative)));
        let text = rows::render(&rows, rows::columns(&io::stdout()));
        print(&format!("{name}: {}{text}\n", style.summary));
        return Ok(0);
    }
    let header = ["NAME", "WHAT", "PROMPT"].map(str::to_owned).to_vec();
    let rows = styles
        .iter()
        .map(|(name, style)| vec![name.to_owned(), style.summary.clone(), style.prompt.clone()]);
    let table: Vec<_> = std::iter::once(header).chain(rows).collect();
    let columns = rows::columns(&io::stdout());
    let text = rows::table(&table, None);
    let cut = |line: &str| columns.map_or_else(|| line.to_owned(), |width| rows::cut(line, width));
    let text: String = text.lines().map(|line| cut(line) + "\n").collect();
    print(&text);
    Ok(0)
}

/// A repository for clap.
fn repo(text: &str) -> Result<RepoId, String> {
    text.parse().map_err(|error: ModelError| error.to_string())
}
