//! `companion mcp`

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::TempDir;

use super::Context;
use super::tools::{Functions, call::place, toolbox};
use crate::error::Report;
use crate::mcp::server::{Listen, Served, serve_http, serve_stdio};

/// Serves companion's tools to MCP clients: editors, agents, and other programs.
///
/// Without --http one client is served over standard input and output, which starts companion itself.
/// Which calls may run is in tools.toml (see docs/mcp.md).
#[derive(Debug, Args)]
pub(super) struct Mcp {
    /// Listen for streamable HTTP instead: an address, or a port of this machine
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    http: Option<SocketAddr>,
    /// The environment variable that holds the token which clients have to show
    #[arg(long, value_name = "NAME", requires = "http")]
    token_variable: Option<String>,
    /// Origin of a web page that may connect, with its scheme; can be given more than once
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    allow_origin: Vec<String>,
    /// A name of this machine that clients use; can be given more than once
    #[arg(long, value_name = "HOST", requires = "http")]
    allow_host: Vec<String>,
    /// The folder whose files the tools read and change [default: this one]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    functions: Functions,
}

impl Mcp {
    pub fn start(mut self, context: &Context) -> Result<u8, Report> {
        self.functions.pin().map_err(|error| {
            Report::failure("there is no folder to start from").cause(error.to_string())
        })?;
        let _scratch = self.enter_folder()?;
        let (toolbox, engines) = toolbox(context, &self.functions)?;
        let served = Served {
            toolbox,
            engines,
            place: place()?,
            rules: context.folders.tools_file(),
        };
        let Some(address) = self.http else {
            serve_stdio(served)?;
            return Ok(0);
        };
        let listen = Listen {
            address,
            token: self.token()?,
            origins: self.allow_origin,
            hosts: self.allow_host,
        };
        let is_open = listen.token.is_none();
        serve_http(served, listen, |url| {
            // Whoever started it reads this; nobody may, too.
            let _ = writeln!(io::stderr(), "companion: listening on {url}");
            if is_open {
                let _ = writeln!(
                    io::stderr(),
                    "companion: without a token, any program on this machine can connect; \
                     --token-variable NAME asks for one"
                );
            }
        })?;
        Ok(0)
    }

    /// Clients start servers in any folder. The whole disk, or all of a user's files, is none that
    /// anybody has chosen.
    fn enter_folder(&self) -> Result<Option<TempDir>, Report> {
        let failed = |path: &Path, error: io::Error| {
            Report::usage(format!("can't work in {}", path.display())).cause(error.to_string())
        };
        if let Some(folder) = &self.folder {
            std::env::set_current_dir(folder).map_err(|error| failed(folder, error))?;
            return Ok(None);
        }
        let here = place()?.folder;
        let home = std::env::home_dir();
        if here.parent().is_some() && home.is_none_or(|home| home != here) {
            return Ok(None);
        }
        let own = tempfile::Builder::new()
            .prefix("companion-mcp-")
            .tempdir()
            .map_err(|error| failed(&std::env::temp_dir(), error))?;
        std::env::set_current_dir(own.path()).map_err(|error| failed(own.path(), error))?;
        let _ = writeln!(
            io::stderr(),
            "companion: {} is no folder for tools to work in: they get an empty one that goes with \
             this server; --folder DIR names another",
            here.display()
        );
        Ok(Some(own))
    }

    fn token(&self) -> Result<Option<String>, Report> {
        let Some(name) = &self.token_variable else {
            return Ok(None);
        };
        match std::env::var(name) {
            Ok(token) if !token.trim().is_empty() => Ok(Some(token.trim().to_owned())),
            _ => Err(
                Report::usage(format!("the environment variable {name} holds no token"))
                    .hint("a long random one: head -c 32 /dev/urandom | base64"),
            ),
        }
    }
}

/// An address, or a port of loopback.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse()
        .map_err(|_| "an address is 127.0.0.1:8808, [::1]:8808 or a port alone".to_owned())
}
