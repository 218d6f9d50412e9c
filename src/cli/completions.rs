//! `zen completions`, the script that a shell reads once, and `zen complete`, what it asks at each tab: commands and flags
//! from the definition of the command line, threads, models, tools and processes as they are now.

use clap::{Arg, Command, ValueEnum};

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::cli::processes;
use crate::config::Environment;
use crate::config::key::KEYS;
use crate::control::Control as _;
use crate::text::sanitise_line;
use crate::tools;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo 'source <(zen completions bash)' >> ~/.bashrc
  zen completions zsh > ~/.zfunc/_zen
  zen completions fish > ~/.config/fish/completions/zen.fish")]
pub struct Args {
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, clap::Args)]
pub struct Typed {
    /// The words behind `zen`, the one that is being typed last
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// What stands to be chosen, and a word on it.
type Candidate = (String, String);

/// Prints the script.
pub fn script(args: &Args, streams: &mut Streams) -> Exit {
    let script = match args.shell {
        Shell::Bash => include_str!("../../assets/completions/zen.bash"),
        Shell::Zsh => include_str!("../../assets/completions/zen.zsh"),
        Shell::Fish => include_str!("../../assets/completions/zen.fish"),
    };
    let written = streams.line(script.trim_end()).map(|()| Exit::Ok);
    streams.settle(written)
}

/// Prints what could stand for the last of these words, a line each. Nothing where only a file's name could.
pub fn complete(
    typed: &Typed,
    whole: Command,
    flags: &ConfigFlags,
    environment: &Environment,
    streams: &mut Streams,
) -> Exit {
    let (word, before) = typed.words.split_last().map_or(("", &[][..]), |(word, before)| (word.as_str(), before));
    let mut candidates = match place(whole, before) {
        Place::Value(kind) => values(&kind, flags, environment),
        Place::Word { command, positional } => {
            let mut all = words(&command, word);
            if let Some(positional) = positional.filter(|_| !word.starts_with('-')) {
                all.extend(values(&positional, flags, environment));
            }
            all
        }
    };
    candidates.retain(|(candidate, _)| candidate.starts_with(word));
    let mut written = Ok(Exit::Ok);
    for (candidate, about) in candidates {
        let (candidate, about) = (sanitise_line(&candidate).into_owned(), sanitise_line(&about).into_owned());
        let line = if about.is_empty() { candidate } else { format!("{candidate}\t{about}") };
        written = written.and_then(|exit| streams.line(line).map(|()| exit));
    }
    streams.settle(written)
}

/// Where the word stands that is being typed.
enum Place {
    /// Behind a flag that takes one.
    Value(Kind),
    /// In the open: a subcommand, a flag, or the next argument without a flag.
    Word { command: Box<Command>, positional: Option<Kind> },
}

/// What a value means.
enum Kind {
    Choices(Vec<Candidate>),
    Threads,
    Models,
    Tools,
    Processes,
    Keys,
    Other,
}

fn place(whole: Command, before: &[String]) -> Place {
    let mut command = whole;
    command.build();
    let (mut positionals, mut words) = (0, before.iter());
    while let Some(word) = words.next() {
        if let Some(flag) = flag(&command, word) {
            let takes = flag.get_action().takes_values() && !word.contains('=');
            if takes && words.next().is_none() {
                return Place::Value(kind(&command, flag));
            }
        } else if let Some(sub) = command.find_subcommand(word) {
            (command, positionals) = (sub.clone(), 0);
        } else if !word.starts_with('-') {
            positionals += 1;
        }
    }
    let all: Vec<&Arg> = command.get_positionals().collect();
    // The last one takes all that follow, where it takes several.
    let next = all.get(positionals).or_else(|| all.last().filter(|last| takes_several(last))).copied();
    let positional = next.map(|next| kind(&command, next));
    Place::Word { command: Box::new(command), positional }
}

fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.max_values() > 1)
}

fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let long = word.strip_prefix("--").map(|long| long.split('=').next().unwrap_or(long));
    let short = word.strip_prefix('-').filter(|rest| rest.chars().count() == 1).and_then(|rest| rest.chars().next());
    command.get_arguments().find(|arg| match (long, short) {
        (Some(long), _) => arg.get_long() == Some(long),
        (None, Some(short)) => arg.get_short() == Some(short),
        (None, None) => false,
    })
}

/// By the name of the argument, which is the same wherever it means the same.
fn kind(command: &Command, arg: &Arg) -> Kind {
    let choices = arg.get_possible_values();
    if !choices.is_empty() {
        let about =
            |choice: &clap::builder::PossibleValue| choice.get_help().map(ToString::to_string).unwrap_or_default();
        return Kind::Choices(choices.iter().map(|choice| (choice.get_name().to_owned(), about(choice))).collect());
    }
    match (arg.get_id().as_str(), command.get_bin_name().unwrap_or_default()) {
        ("thread", _) | ("id" | "ids" | "with", "zen threads" | "zen-threads") => Kind::Threads,
        ("id" | "ids" | "with", name) if name.starts_with("zen threads ") => Kind::Threads,
        ("model", _) => Kind::Models,
        ("tool", _) => Kind::Tools,
        ("attach", _) => Kind::Processes,
        ("key" | "set", _) => Kind::Keys,
        _ => Kind::Other,
    }
}

/// The subcommands, and the flags once a dash is typed.
fn words(command: &Command, word: &str) -> Vec<Candidate> {
    let about = |text: Option<&clap::builder::StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    if word.starts_with('-') {
        let flags = command.get_arguments().filter(|arg| !arg.is_hide_set());
        return flags.filter_map(|arg| Some((format!("--{}", arg.get_long()?), about(arg.get_help())))).collect();
    }
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    commands.map(|command| (command.get_name().to_owned(), about(command.get_about()))).collect()
}

/// What is there now. Nothing is complained of: the person is in the middle of a line.
fn values(kind: &Kind, flags: &ConfigFlags, environment: &Environment) -> Vec<Candidate> {
    let (mut silent, _) = Streams::captured();
    match kind {
        Kind::Choices(choices) => choices.clone(),
        Kind::Tools => {
            tools::all().iter().map(|tool| (tool.spec().name.to_owned(), tool.spec().title.to_owned())).collect()
        }
        Kind::Keys => KEYS.iter().map(|key| (key.name.to_owned(), key.sentence.to_owned())).collect(),
        Kind::Models => {
            let Ok(loaded) = flags.load(environment) else { return Vec::new() };
            let Ok(registry) = launch::registry(loaded.config, environment, &mut silent) else { return Vec::new() };
            let offered = registry.offered().into_iter();
            offered.map(|choice| (choice.model.id.to_string(), choice.provider.to_string())).collect()
        }
        Kind::Threads | Kind::Processes => running(matches!(kind, Kind::Threads), flags, environment, &mut silent),
        Kind::Other => Vec::new(),
    }
}

fn running(threads: bool, flags: &ConfigFlags, environment: &Environment, silent: &mut Streams) -> Vec<Candidate> {
    let Ok((runtime, config)) = launch::prepare(flags, environment, silent) else { return Vec::new() };
    let dir = launch::socket_dir(&config, environment);
    let found = runtime.block_on(async {
        let mut found = Vec::new();
        for process in processes::all(dir.as_deref(), silent).await {
            if threads {
                let held = process.client.search(String::new()).await.unwrap_or_default();
                found.extend(held.into_iter().map(|thread| (thread.id.to_string(), thread.title)));
            } else {
                found.push((process.hello.pid.to_string(), processes::name_of(&process.hello)));
            }
        }
        found
    });
    runtime.shutdown_background();
    found
}
