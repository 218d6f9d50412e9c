//! `zen tokens`: how many tokens files are by the estimate that budgets are made with and, where it is built in, by a
//! real tokeniser. Asks no model and opens what the shell's user may open: no roots apply.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::output::{Exit, Streams, Table};
use crate::token;
use crate::unit::Tokens;

/// Bytes of one file that are counted; a larger one is refused.
const MAX_BYTES: u64 = 64 << 20;
/// The name that stands for standard input.
const STDIN: &str = "-";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Text files; - is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One file, counted.
#[derive(Serialize)]
struct Counted {
    file: String,
    bytes: usize,
    estimated: Tokens,
    /// By o200k, the tokeniser of newer GPT models; None where no tokeniser is built in.
    o200k: Option<Tokens>,
}

pub fn run(args: &Args, streams: &mut Streams) -> Exit {
    let tokeniser = match Tokeniser::load() {
        Ok(tokeniser) => tokeniser,
        Err(error) => {
            streams.complain(format_args!("the tokeniser cannot be loaded: {error}"));
            return Exit::Failed;
        }
    };
    let (mut all, mut exit) = (Vec::new(), Exit::Ok);
    for path in &args.files {
        match read(path) {
            Ok(text) => all.push(Counted {
                file: path.to_string_lossy().into_owned(),
                bytes: text.len(),
                estimated: token::estimate(&text),
                o200k: tokeniser.as_ref().map(|tokeniser| tokeniser.count(&text)),
            }),
            Err(error) => {
                exit = Exit::NotFound;
                let shown = streams.shown(&path.to_string_lossy()).into_owned();
                streams.complain(format_args!("{shown}: {error}"));
            }
        }
    }
    let written = if args.json { streams.json(&all) } else { print(&all, streams) };
    streams.settle(written.map(|()| exit))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    if path.as_os_str() == STDIN {
        io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    }
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("more than {MAX_BYTES} bytes are not counted")));
    }
    String::from_utf8(text).map_err(|_| io::Error::other("is no text in UTF-8"))
}

fn print(all: &[Counted], streams: &mut Streams) -> io::Result<()> {
    let mut table = Table::new(["FILE", "BYTES", "TOKENS", "O200K", "OFF BY"]).right(1).right(2).right(3).right(4);
    for Counted { file, bytes, estimated, o200k } in all {
        table.row([
            streams.shown(file).into_owned(),
            bytes.to_string(),
            format!("~{estimated}"),
            o200k.map_or_else(|| "?".to_owned(), |exact| exact.to_string()),
            o200k.map_or_else(String::new, |exact| off_by(*estimated, exact)),
        ]);
    }
    streams.table(&table)?;
    if all.iter().any(|counted| counted.o200k.is_none()) {
        streams.complain("no tokeniser is in this build: `cargo install --path . --features tokenizer` brings one");
    }
    Ok(())
}

/// In tenths of a percent of the exact count.
fn off_by(estimated: Tokens, exact: Tokens) -> String {
    let (estimated, exact) = (i128::from(estimated.0), i128::from(exact.0));
    let tenths = (estimated - exact) * 1_000 / exact.max(1);
    let sign = if tenths < 0 { "-" } else { "+" };
    format!("{sign}{}.{} %", tenths.abs() / 10, tenths.abs() % 10)
}

#[cfg(feature = "tokenizer")]
struct Tokeniser(tiktoken_rs::CoreBPE);

#[cfg(feature = "tokenizer")]
impl Tokeniser {
    fn load() -> Result<Option<Self>, String> {
        tiktoken_rs::o200k_base().map(|core| Some(Self(core))).map_err(|error| error.to_string())
    }

    fn count(&self, text: &str) -> Tokens {
        Tokens(self.0.encode_ordinary(text).len() as u64)
    }
}

/// No value of it exists in a build without one.
#[cfg(not(feature = "tokenizer"))]
enum Tokeniser {}

#[cfg(not(feature = "tokenizer"))]
impl Tokeniser {
    fn load() -> Result<Option<Self>, String> {
        Ok(None)
    }

    fn count(&self, _: &str) -> Tokens {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_on(files: &[&Path], json: bool) -> (Exit, String, String) {
        let (mut streams, captured) = Streams::captured();
        let files = files.iter().map(|file| file.to_path_buf()).collect();
        let exit = run(&Args { files, json }, &mut streams);
        (exit, captured.out(), captured.err())
    }

    #[test]
    fn every_file_that_can_be_read_is_counted_and_the_others_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let [text, binary, missing] = ["a.md", "b.png", "c"].map(|name| folder.path().join(name));
        std::fs::write(&text, "Four words stand here.").unwrap();
        std::fs::write(&binary, [0xff, 0xfe, 0]).unwrap();
        let (exit, out, err) = run_on(&[&text, &binary, &missing], true);
        let all: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((exit, all.as_array().unwrap().len(), all[0]["bytes"].as_u64()), (Exit::NotFound, 1, Some(22)));
        assert!((4..=6).contains(&all[0]["estimated"].as_u64().unwrap()), "{out}");
        assert_eq!(all[0]["o200k"].as_u64(), cfg!(feature = "tokenizer").then_some(5));
        assert!(err.contains("b.png: is no text") && err.contains("c: "), "{err}");
        let (exit, out, _) = run_on(&[&text], false);
        assert!(exit == Exit::Ok && out.contains("a.md") && out.contains('~'), "{out}");
    }

    #[test]
    fn what_is_off_is_told_in_tenths_of_a_percent() {
        let off = |estimated, exact| off_by(Tokens(estimated), Tokens(exact));
        assert_eq!([off(1_050, 1_000), off(999, 1_000), off(0, 0)], ["+5.0 %", "-0.1 %", "+0.0 %"]);
    }
}
