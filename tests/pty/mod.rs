//! The terminal UI as its user has it: keys typed into a pseudo-terminal, the screen read back.

mod calls;
mod leaving;
mod pictures;
mod prompt;
mod running;
mod sandbox;
mod stage;
mod tools;
