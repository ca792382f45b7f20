//! The one integration binary: every file beside this one is a module of it.

mod cli;
mod desk;
mod docs;
mod grants;
mod home;
mod imagine;
mod jail;
mod kernel;
mod layering;
mod mcp;
mod models;
mod pty;
mod safety;
#[cfg(target_os = "linux")]
mod security;
mod shell;
mod snapshots;
mod tools;
