//! `zen setup`: puts zen into the MCP clients that are there, writes a first config file, finds a model to ask, and sees
//! whether it all works. It changes nothing that it has not shown and been told to.

mod change;
mod provider;
mod starter;

use std::io::{self, BufRead as _};

use crate::cli::clients::Client;
use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::config::{Environment, locate};
use crate::provider::listing::{Checked, Verdict};
use crate::text::sanitise_line;
use change::Change;

const EXAMPLES: &str = "\
Examples:
  zen setup            shows each change, and asks before it is made
  zen setup --print    shows them and makes none
  zen setup --yes      makes all of them; the key is yours to set";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show what would be changed, for those who change it themselves
    #[arg(long, conflicts_with = "yes")]
    print: bool,
    /// Make every change without asking
    #[arg(long, short)]
    yes: bool,
    /// What clients start; without it this program, by its path
    #[arg(long, value_name = "PROGRAM")]
    command: Option<String>,
}

/// How a person is asked.
struct Dialogue {
    print: bool,
    yes: bool,
}

impl Dialogue {
    /// Whether it is to be done. Nobody who answers means no.
    fn agrees(&self, question: &str, streams: &mut Streams) -> io::Result<bool> {
        if self.print || self.yes {
            return Ok(self.yes);
        }
        let answer = self.line(&format!("{question} [y/N] "), streams)?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// A line that is typed; empty at the end of what there is.
    fn line(&self, question: &str, streams: &mut Streams) -> io::Result<String> {
        write!(streams.out, "{question}")?;
        streams.out.flush()?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        if !io::IsTerminal::is_terminal(&io::stdin()) {
            streams.line("")?;
        }
        Ok(line.trim().to_owned())
    }
}

pub fn run(args: Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    // Where the configuration is wrong, what is set up on top of it would not start.
    if let Err(exit) = flags.load_or_exit(environment, streams) {
        return exit;
    }
    let ended = set_up(args, flags, environment, streams);
    streams.settle(ended)
}

fn set_up(args: Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> io::Result<Exit> {
    let dialogue = Dialogue { print: args.print, yes: args.yes };
    let own = || std::env::current_exe().ok().and_then(|path| path.to_str().map(str::to_owned));
    let command = args.command.or_else(own).unwrap_or_else(|| "zen".to_owned());
    let mut well = connect(&command, &dialogue, environment, streams)?;
    if let Ok(Some(file)) = locate(flags.config.clone(), environment)
        && !file.exists
    {
        let change = Change { path: file.path, before: String::new(), after: starter::text(), private: true };
        streams.line("\nThe configuration of zen: every key, with what it is without you")?;
        well &= offer(&change, "Write it?", &dialogue, streams)?;
    }
    well &= provider::find(&dialogue, flags, environment, streams)?;
    if args.print {
        return Ok(Exit::Ok);
    }
    well &= works(flags, environment, streams)?;
    streams.line("\nA client that runs reads its file anew when it is started again. `zen tui` shows what happens.")?;
    Ok(if well { Exit::Ok } else { Exit::Failed })
}

/// Puts zen into each client that is there. False where one could not be changed.
fn connect(command: &str, dialogue: &Dialogue, environment: &Environment, streams: &mut Streams) -> io::Result<bool> {
    let clients = Client::found(environment);
    if clients.is_empty() {
        let known: Vec<_> = Client::all(environment).into_iter().map(|(client, _)| client.title).collect();
        streams.line(format_args!(
            "No client was found of {}. In any other: the command is {command} and its argument is stdio.",
            known.join(", ")
        ))?;
    }
    let mut well = true;
    for client in clients {
        let read = client.read().and_then(|before| Ok((client.with_zen(&before, command)?, before)));
        match read {
            Ok((None, _)) => streams.line(format_args!("{}: zen is in {}", client.title, client.file.display()))?,
            Ok((Some(after), before)) => {
                streams.line(format_args!("\n{}: {}", client.title, client.file.display()))?;
                let change = Change { path: client.file.clone(), before, after, private: false };
                well &= offer(&change, "Change it?", dialogue, streams)?;
            }
            Err(error) => {
                let file = client.file.display();
                streams.complain(format_args!("{}: {file} is left as it is: {error}", client.title));
                well = false;
            }
        }
    }
    Ok(well)
}

/// Shows a change and makes it where the person agrees. False where it could not be made.
fn offer(change: &Change, question: &str, dialogue: &Dialogue, streams: &mut Streams) -> io::Result<bool> {
    change.show(streams)?;
    if !dialogue.agrees(question, streams)? {
        return Ok(true);
    }
    match change.make() {
        Ok(backup) => {
            let kept = backup.map(|backup| format!("; as it was: {}", backup.display())).unwrap_or_default();
            streams.line(format_args!("written: {}{kept}", change.path.display()))?;
            Ok(true)
        }
        Err(error) => {
            streams.complain(error);
            Ok(false)
        }
    }
}

/// Asks each provider that is configured now whether it takes its key.
fn works(flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> io::Result<bool> {
    let prepared = launch::prepare(flags, environment, streams)
        .and_then(|(runtime, config)| Ok((runtime, launch::registry(config, environment, streams)?)));
    let Ok((runtime, registry)) = prepared else { return Ok(false) };
    let checked = runtime.block_on(registry.check());
    runtime.shutdown_background();
    if checked.is_empty() {
        streams.line("\nNo model can be asked yet: set a key, such as GEMINI_API_KEY, and see `zen doctor`.")?;
    }
    for Checked { title, verdict, message, .. } in &checked {
        match verdict {
            Verdict::Ok => streams.line(format_args!("\n{title} works."))?,
            _ => streams.complain(format_args!("{title}: {}; `zen doctor` says more", sanitise_line(message))),
        }
    }
    Ok(checked.iter().all(|checked| checked.verdict == Verdict::Ok))
}
