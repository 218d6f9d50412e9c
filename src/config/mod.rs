//! What a process is told, and where each value came from: defaults, then the user's `config.toml`, then the
//! environment, then flags. Parses and checks; does no I/O beyond reading, and nothing is read from a working directory.

mod section;

pub use section::{
    Config, Control, Endpoint, Files, HttpLimits, Log, LogLevel, Models, Providers, Server, Threads, Tools,
};
