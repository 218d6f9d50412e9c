//! `zen call`: any tool from the shell, with arguments that are typed by name or read as JSON.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::cli::calling::{self, Request, Way, standing};
use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams, Table};
use crate::config::Environment;
use crate::tools;
use crate::tools::schema::{Field, Kind, Spec};

/// A larger JSON document is no list of arguments.
const MAX_ARGUMENTS: u64 = 16 << 20;
/// Filled in with the folder in which the person stands, where the tool wants it and it is not given.
const FOLDER: &str = "working_directory_absolute_path";

const EXAMPLES: &str = "\
Examples:
  zen call                                   the tools
  zen call chat --fields                     what one takes
  zen call chat -a prompt='Is this safe?' -a absolute_file_paths=$PWD/src/lib.rs
  zen call listthreads --attach myproject -o json
  jq -n '{prompt: \"Hello\"}' | zen call chat --json -";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The tool; without one they are listed
    tool: Option<String>,
    /// An argument of the tool; may be repeated, also to add to a list
    #[arg(long = "argument", short, value_name = "KEY=VALUE", requires = "tool")]
    arguments: Vec<String>,
    /// Read the arguments from this file, `-` for standard input; those of -a go before
    #[arg(long, value_name = "FILE", requires = "tool")]
    json: Option<PathBuf>,
    /// Show what the tool takes
    #[arg(long, requires = "tool")]
    fields: bool,
    #[command(flatten)]
    way: Way,
}

pub fn run(args: Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let Some(tool) = args.tool else {
        let written = list(streams).map(|()| Exit::Ok);
        return streams.settle(written);
    };
    let known = tools::all();
    let spec = known.iter().map(|tool| tool.spec()).find(|spec| spec.name == tool);
    if let (true, Some(spec)) = (args.fields, spec) {
        let written = show_fields(spec, streams).map(|()| Exit::Ok);
        return streams.settle(written);
    }
    let mut arguments = match args.json.as_deref().map(read).transpose() {
        Ok(read) => read.unwrap_or_default(),
        Err(why) => {
            streams.complain(why);
            return Exit::Usage;
        }
    };
    let fields = spec.map_or(&[][..], |spec| spec.fields);
    if let Err(typed) = add(&args.arguments, fields, &mut arguments) {
        streams.complain(format_args!("-a {typed:?} is no KEY=VALUE, such as -a prompt='Is this safe?'"));
        return Exit::Usage;
    }
    if fields.iter().any(|field| field.name == FOLDER) && !arguments.contains_key(FOLDER) {
        arguments.insert(FOLDER.to_owned(), standing().into());
    }
    calling::run(Request { tool, arguments }, &args.way, flags, environment, streams)
}

fn list(streams: &mut Streams) -> io::Result<()> {
    let mut table = Table::new(["TOOL", "WHAT FOR"]);
    for tool in tools::all() {
        let spec = tool.spec();
        let first = spec.description.split_inclusive(". ").next().unwrap_or_default();
        table.row([spec.name, first.trim_end()]);
    }
    streams.table(&table)
}

fn show_fields(spec: &Spec, streams: &mut Streams) -> io::Result<()> {
    streams.line(spec.description)?;
    let mut table = Table::new(["KEY", "NEEDED", "VALUE", ""]);
    for field in spec.fields {
        let needed = if field.required { "yes" } else { "" };
        table.row([field.name, needed, &field.kind.expects(), field.doc]);
    }
    streams.line("")?;
    streams.table(&table)
}

/// The object in this file, or why there is none.
fn read(file: &Path) -> Result<Map<String, Value>, String> {
    let mut text = String::new();
    let source: io::Result<Box<dyn io::Read>> = if file == Path::new("-") {
        Ok(Box::new(io::stdin()))
    } else {
        File::open(file).map(|file| Box::new(file) as _)
    };
    let read = source.and_then(|source| source.take(MAX_ARGUMENTS + 1).read_to_string(&mut text));
    read.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    if text.len() as u64 > MAX_ARGUMENTS {
        return Err(format!("{} is larger than any call: name files instead", file.display()));
    }
    serde_json::from_str(&text).map_err(|error| format!("{} is no JSON object of arguments: {error}", file.display()))
}

/// Adds what was typed, each as its field wants it; the one that cannot be read comes back. What the tool does not know
/// or want is for the tool to refuse.
fn add<'a>(typed: &'a [String], fields: &[Field], arguments: &mut Map<String, Value>) -> Result<(), &'a str> {
    let mut lists: Vec<&str> = Vec::new();
    for typed in typed {
        let (key, value) = typed.split_once('=').filter(|(key, _)| !key.trim().is_empty()).ok_or(typed.as_str())?;
        let (key, field) = (key.trim(), fields.iter().find(|field| field.name == key.trim()));
        match field.map(|field| field.kind) {
            Some(Kind::Text | Kind::Choice(_)) => {
                arguments.insert(key.to_owned(), value.into());
            }
            Some(Kind::Texts) => {
                if !lists.contains(&key) {
                    // What is typed goes before what was read.
                    arguments.insert(key.to_owned(), Value::Array(Vec::new()));
                    lists.push(key);
                }
                if let Some(Value::Array(items)) = arguments.get_mut(key) {
                    match serde_json::from_str(value) {
                        Ok(Value::Array(more)) => items.extend(more),
                        _ => items.push(value.into()),
                    }
                }
            }
            _ => {
                arguments.insert(key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_typed_becomes_what_the_field_wants() {
        let fields =
            [Field::required("prompt", Kind::Text, ""), Field::optional("paths", Kind::Texts, ""), Field::TEMPERATURE];
        let typed =
            ["prompt=12=13", "paths=/a", "paths=[\"/b\",\"/c\"]", "temperature=0.5", "other={\"a\":1}", "x=y z"];
        let mut arguments = Map::new();
        arguments.insert("paths".to_owned(), json!(["/read"]));
        add(&typed.map(str::to_owned), &fields, &mut arguments).unwrap();
        assert_eq!(
            Value::Object(arguments),
            json!({
                "paths": ["/a", "/b", "/c"], "prompt": "12=13", "temperature": 0.5, "other": { "a": 1 }, "x": "y z",
            })
        );
        for bad in ["prompt", "=x", " =x"] {
            assert_eq!(add(&[bad.to_owned()], &fields, &mut Map::new()), Err(bad));
        }
    }
}
