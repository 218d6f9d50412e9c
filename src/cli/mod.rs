//! The commands: one file each.

pub mod config;
pub mod flags;
pub mod output;
