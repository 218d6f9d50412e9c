//! The figures of the README, measured on the release binary: `cargo bench`; with `-- --quick` a short run, with a word
//! only the groups that have it in their name. A figure that depends on the machine stands next to a floor or a peer of
//! the same run, and nothing here waits for a time where it can wait for an event.

/// What is measured, and with what.
mod figures {
    pub mod agent;
    pub mod calls;
    pub mod chain;
    pub mod load;
    pub mod process;
    pub mod provider;
    pub mod raw;
    pub mod samples;
    pub mod sessions;
    pub mod start;
    pub mod table;
    pub mod threads;
}

use std::error::Error;
use std::io::Write as _;

use figures::table::Figure;
use figures::{calls, chain, load, sessions, start, threads};

type Outcome<T> = Result<T, Box<dyn Error>>;
type Measure = fn(Scale) -> Outcome<Vec<Figure>>;

/// The groups, each measured in processes of its own.
const GROUPS: [(&str, Measure); 12] = [
    ("binary", start::binary),
    ("tools-list", start::tools_list),
    ("start", start::spawn),
    ("memory", load::memory),
    ("own-time", calls::own_time),
    ("throughput", load::throughput),
    ("ping", calls::ping),
    ("threads", threads::memory),
    ("file", threads::file),
    ("chain", chain::chain),
    ("sessions", sessions::sessions),
    ("http-calls", sessions::calls),
];

/// How much is done for a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Full,
    Quick,
}

impl Scale {
    fn of(self, full: usize, quick: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments.iter().position(|argument| argument == threads::HOLDER) {
        return threads::hold(&arguments[role + 1..]);
    }
    if let Some(role) = arguments.iter().position(|argument| argument == sessions::SERVER) {
        return sessions::serve(&arguments[role + 1..]);
    }
    let scale = if arguments.iter().any(|argument| argument == "--quick") { Scale::Quick } else { Scale::Full };
    // Flags such as `--bench` come from cargo.
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));

    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Figure::heading())?;
    for (name, measure) in GROUPS {
        if is_wanted(name) {
            for figure in measure(scale)? {
                writeln!(out, "{figure}")?;
            }
        }
    }
    Ok(())
}
