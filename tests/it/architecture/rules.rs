//! The rules, one function each, over the facts of all sources. Each tells every place where it is broken.

use std::fmt;

use super::facts::Mention;
use super::tree::{Source, Tree};

/// The rooms. A file imports only from its own room and from those below it.
const ROOMS: &[&str] = &[
    "main",
    "lib",
    "cli",
    "tui",
    "control",
    "server",
    "engine",
    "interceptor",
    "mcp",
    "tools",
    "thread",
    "insight",
    "file",
    "provider",
    "telemetry",
    "store",
    "rehearsal",
    "http",
    "config",
    "text",
];

/// Files below all rooms. They may import each other, without a cycle.
const FLOOR: &[&str] = &["event", "budget", "process", "shutdown", "token", "secret", "clock", "unit", "id"];

/// Rooms that only some may import, and these.
const RESERVED: &[(&str, &[&str])] = &[("telemetry", &["engine", "cli"]), ("rehearsal", &["cli"])];

/// Folders whose files are alternatives to one another and do not import each other.
const FAMILIES: &[&[&str]] = &[
    &["cli"],
    &["tools", "simple"],
    &["tools", "thinking"],
    &["tools", "workflow"],
    &["provider", "wire"],
    &["tui", "screens"],
    &["interceptor", "builtin"],
];

/// Tools, wherever in `tools/` their files lie. Other files directly in `tools/` are what tools share.
const TOOLS: &[&str] = &[
    "analyze",
    "apilookup",
    "biased_reasoning",
    "challenge",
    "chat",
    "clink",
    "codereview",
    "consensus",
    "debug",
    "docgen",
    "illumination_status",
    "listmodels",
    "planner",
    "precommit",
    "refactor",
    "secaudit",
    "sequential_thinking",
    "testgen",
    "thinkdeep",
    "traced_reasoning",
    "tracer",
    "version",
];

/// Files inside a family's folder that its members share.
const SHARED: &[&str] = &[
    "cli::output",
    "cli::flags",
    "cli::launch",
    "cli::listen",
    "cli::processes",
    "cli::switching",
    "cli::calling",
    "cli::clients",
    "tools::workflow::engine",
    "tools::thinking::thoughts",
];

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 60;
const MAX_PAGE_LINES: usize = 250;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];
/// Functions that may be longer, as `file.rs::function`, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.path, self.line, self.what)
    }
}

pub type Rule = fn(&Tree) -> Vec<Broken>;

pub const ALL: &[Rule] = &[
    every_room_is_known,
    imports_go_down,
    reserved_rooms_have_few_visitors,
    siblings_do_not_meet,
    tools_see_neither_engine_nor_protocol,
    the_floor_has_no_cycle,
    time_is_injected,
    queues_are_bounded,
    only_faces_print,
    nothing_is_left_to_do,
    nothing_is_unsafe,
    every_file_says_what_it_is_for,
    files_are_short,
    functions_are_short,
    names_say_something,
];

pub fn every_room_is_known(tree: &Tree) -> Vec<Broken> {
    let unknown = tree.sources.iter().filter(|source| rank(source.room()).is_none());
    unknown.map(|source| broken(source, 1, format!("`{}` is no room and no floor file", source.room()))).collect()
}

pub fn imports_go_down(tree: &Tree) -> Vec<Broken> {
    each_import(tree, |source, room| {
        let (own, other) = (rank(source.room())?, rank(room).or(rank("lib"))?);
        let what = if rank(room).is_some() { room } else { "the crate's root" };
        (other < own).then(|| format!("`{}` imports from {what}, which is above it", source.room()))
    })
}

pub fn reserved_rooms_have_few_visitors(tree: &Tree) -> Vec<Broken> {
    each_import(tree, |source, room| {
        let (_, visitors) = RESERVED.iter().find(|(reserved, _)| *reserved == room)?;
        let own = source.room();
        let allowed = own == room || own == "lib" || visitors.contains(&own);
        (!allowed).then(|| format!("`{own}` imports from {room}, which only {} may", visitors.join(" and ")))
    })
}

pub fn siblings_do_not_meet(tree: &Tree) -> Vec<Broken> {
    each_mention(tree, |source, mention| {
        let (own_family, own) = member(&source.module)?;
        let module = (1..=mention.names.len()).rev().find(|end| tree.modules.contains(&mention.names[..*end]))?;
        let (family, other) = member(&mention.names[..module])?;
        let meet = mention.ours && family == own_family && other != own && !SHARED.contains(&other.as_str());
        meet.then(|| format!("`{own}` imports its sibling `{other}`: what they share is a file of their parent"))
    })
}

pub fn tools_see_neither_engine_nor_protocol(tree: &Tree) -> Vec<Broken> {
    each_import(tree, |source, room| {
        let sees = source.room() == "tools" && ["engine", "mcp"].contains(&room);
        sees.then(|| format!("a tool sees `{room}`: it gets a `tools::Call` and gives a `tools::Reply`"))
    })
}

pub fn the_floor_has_no_cycle(tree: &Tree) -> Vec<Broken> {
    let floor: Vec<&Source> = tree.program().filter(|source| FLOOR.contains(&source.room())).collect();
    let next = |source: &Source| -> Vec<&Source> {
        let names =
            source.facts.mentions.iter().filter(|mention| mention.ours).filter_map(|mention| mention.names.first());
        let names: Vec<_> = names.filter(|name| *name != source.room()).collect();
        floor.iter().copied().filter(|other| names.iter().any(|name| *name == other.room())).collect()
    };
    let circular = floor.iter().filter(|start| {
        let mut reached: Vec<&Source> = next(start);
        let mut index = 0;
        while let Some(source) = reached.get(index) {
            for other in next(source) {
                if !reached.iter().any(|known| known.path == other.path) {
                    reached.push(other);
                }
            }
            index += 1;
        }
        reached.iter().any(|source| source.path == start.path)
    });
    circular.map(|source| broken(source, 1, format!("`{}` imports itself by way of others", source.room()))).collect()
}

pub fn time_is_injected(tree: &Tree) -> Vec<Broken> {
    each_mention(tree, |source, mention| {
        let ends = ends_with(mention, &["Instant", "now"]) || ends_with(mention, &["SystemTime", "now"]);
        (ends && source.path != "clock.rs").then(|| "asks the time: ask the `Clock`".to_owned())
    })
}

pub fn queues_are_bounded(tree: &Tree) -> Vec<Broken> {
    each_mention(tree, |_, mention| {
        let std_channel = mention.names == ["std", "sync", "mpsc", "channel"];
        let unbounded = ends_with(mention, &["unbounded_channel"]) || ends_with(mention, &["mpsc", "unbounded"]);
        (std_channel || unbounded).then(|| "a queue without a bound".to_owned())
    })
}

pub fn only_faces_print(tree: &Tree) -> Vec<Broken> {
    each_macro(tree, |source, name| {
        let prints =
            ["println", "print", "eprintln", "eprint"].contains(&name) && !["cli", "main"].contains(&source.room());
        (prints || name == "dbg").then(|| format!("`{name}!` stands outside of `cli`"))
    })
}

pub fn nothing_is_left_to_do(tree: &Tree) -> Vec<Broken> {
    each_macro(tree, |_, name| ["todo", "unimplemented"].contains(&name).then(|| format!("`{name}!` is no code")))
}

pub fn nothing_is_unsafe(tree: &Tree) -> Vec<Broken> {
    let unsafes = |source: &Source| -> Vec<Broken> {
        source.facts.unsafes.iter().map(|line| broken(source, *line, "`unsafe` code".to_owned())).collect()
    };
    tree.program().flat_map(unsafes).collect()
}

pub fn every_file_says_what_it_is_for(tree: &Tree) -> Vec<Broken> {
    let silent = tree.sources.iter().filter(|source| !source.text.starts_with("//! "));
    silent.map(|source| broken(source, 1, "does not open with `//!` and what it is for".to_owned())).collect()
}

pub fn files_are_short(tree: &Tree) -> Vec<Broken> {
    let lines = |source: &Source| source.text.lines().count();
    let is_excused = |source: &Source| LONG_FILES.iter().any(|(path, _)| *path == source.path);
    let long = tree.sources.iter().filter(|source| lines(source) > MAX_FILE_LINES && !is_excused(source));
    long.map(|source| {
        broken(source, MAX_FILE_LINES, format!("{} lines are more than {MAX_FILE_LINES}: split it", lines(source)))
    })
    .collect()
}

pub fn functions_are_short(tree: &Tree) -> Vec<Broken> {
    let mut all = Vec::new();
    for source in tree.program() {
        for (name, line, lines) in &source.facts.functions {
            let full = format!("{}::{name}", source.path);
            if *lines > MAX_FUNCTION_LINES && !LONG_FUNCTIONS.iter().any(|(excused, _)| *excused == full) {
                let what = format!("`{name}` has {lines} lines, more than {MAX_FUNCTION_LINES}: split it");
                all.push(broken(source, *line, what));
            }
        }
    }
    all
}

pub fn names_say_something(tree: &Tree) -> Vec<Broken> {
    let vague = |name: &str| ["utils", "util", "helpers", "helper", "common", "misc"].contains(&name);
    let what = |name: &str| format!("a module named `{name}` says nothing: name it after what it does");
    let mut all = Vec::new();
    for source in &tree.sources {
        all.extend(source.module.iter().filter(|name| vague(name)).map(|name| broken(source, 1, what(name))));
        let declared = source.facts.modules.iter().filter(|(name, _)| vague(name));
        all.extend(declared.map(|(name, line)| broken(source, *line, what(name))));
    }
    all
}

/// What is wrong with the page that describes the rooms.
pub fn page(page: &str, tree: &Tree) -> Vec<String> {
    let mut all = Vec::new();
    let lines = page.lines().count();
    if lines >= MAX_PAGE_LINES {
        all.push(format!("ARCHITECTURE.md has {lines} lines: it stays under {MAX_PAGE_LINES}"));
    }
    for room in tree.rooms() {
        let is_named =
            [format!("{room}/"), format!("{room}.rs"), format!("`{room}`")].iter().any(|name| page.contains(name));
        if !is_named {
            all.push(format!("ARCHITECTURE.md does not name the room `{room}`"));
        }
    }
    all
}

/// Rooms by their height: 0 is the highest, and all floor files are equally low.
fn rank(room: &str) -> Option<usize> {
    let floor = FLOOR.contains(&room).then_some(ROOMS.len());
    ROOMS.iter().position(|other| *other == room).or(floor)
}

/// The family that a module belongs to, and the member of it that the module is or is part of.
fn member(module: &[String]) -> Option<(&str, String)> {
    let family =
        FAMILIES.iter().find(|family| module.len() > family.len() && module.iter().zip(**family).all(|(a, b)| a == b));
    let by_name = || match module {
        [room, name, ..] if room == "tools" && TOOLS.contains(&name.as_str()) => Some(2),
        _ => None,
    };
    let length = family.map(|family| family.len() + 1).or_else(by_name)?;
    Some((module[0].as_str(), module[..length].join("::")))
}

/// Asks about every import of another room, by the room's name.
fn each_import(tree: &Tree, ask: impl Fn(&Source, &str) -> Option<String>) -> Vec<Broken> {
    each_mention(tree, |source, mention| {
        let room = mention.names.first().filter(|room| mention.ours && *room != source.room())?;
        ask(source, room)
    })
}

fn each_mention(tree: &Tree, ask: impl Fn(&Source, &Mention) -> Option<String>) -> Vec<Broken> {
    let mut all = Vec::new();
    for source in tree.program() {
        let found = source.facts.mentions.iter().filter_map(|mention| Some((mention.line, ask(source, mention)?)));
        all.extend(found.map(|(line, what)| broken(source, line, what)));
    }
    // A path is met as an import and again where it is used; one line a place is enough.
    all.sort();
    all.dedup();
    all
}

fn each_macro(tree: &Tree, ask: impl Fn(&Source, &str) -> Option<String>) -> Vec<Broken> {
    let mut all = Vec::new();
    for source in tree.program() {
        let found = source.facts.macros.iter().filter_map(|(name, line)| Some((*line, ask(source, name)?)));
        all.extend(found.map(|(line, what)| broken(source, line, what)));
    }
    all
}

fn ends_with(mention: &Mention, names: &[&str]) -> bool {
    let from = mention.names.len().checked_sub(names.len());
    from.is_some_and(|from| mention.names[from..].iter().zip(names).all(|(own, name)| own == name))
}

fn broken(source: &Source, line: usize, what: String) -> Broken {
    Broken { path: source.path.clone(), line, what }
}
