//! Why a server or a client can't work.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server or a client can't work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum McpError {
    /// The system has no threads for it.
    #[error("can't start the threads of MCP")]
    Threads(#[source] io::Error),
    /// The address can't be listened on.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others on the network could call tools.
    #[error("{address} can be reached from other machines, so it takes a token: none was given")]
    NoToken {
        /// The address.
        address: SocketAddr,
    },
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The file of servers can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file of servers says something that can't be.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl McpError {
    /// What to try.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoToken { .. } => Some(
                "--token-variable NAME, with the token in that environment variable; or listen on \
                 127.0.0.1",
            ),
            Self::Listen { .. } => Some("another port: --http 127.0.0.1:0 takes any that is free"),
            Self::Config { .. } => Some("docs/mcp.md tells what mcp.json can say"),
            Self::Threads(_) | Self::Connection(_) | Self::Read { .. } => None,
        }
    }
}
