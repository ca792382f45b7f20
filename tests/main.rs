//! The one integration binary: every file beside this one is a module of it.

mod cli;
mod layering;
mod pty;
