//! The sources as a tree of modules, read from a folder or from a sample. Knows how files and modules correspond; no rule.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::facts::{self, Facts};

/// A module's or an item's names from the crate's root on.
pub type Names = Vec<String>;

pub struct Tree {
    pub sources: Vec<Source>,
    pub modules: HashSet<Names>,
}

pub struct Source {
    /// Seen from `src/`, such as `file/read.rs`.
    pub path: String,
    pub text: String,
    pub module: Names,
    /// Declared with `#[cfg(test)]`: it may import and call what it likes.
    pub only_tests: bool,
    pub facts: Facts,
}

impl Source {
    /// The folder or file directly in `src/` that this belongs to.
    pub fn room(&self) -> &str {
        self.path.split('/').next().map_or("", |name| name.trim_end_matches(".rs"))
    }
}

impl Tree {
    pub fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        collect(folder, "", &mut files);
        files.sort();
        Self::of(files)
    }

    pub fn of(files: Vec<(String, String)>) -> Self {
        let parsed: Vec<_> = files.into_iter().map(parse).collect();
        let modules: HashSet<Names> = parsed.iter().map(|(_, _, module, _)| module.clone()).collect();
        let tests: HashSet<Names> = parsed.iter().flat_map(|(_, _, at, file)| facts::test_modules(at, file)).collect();
        let sources = parsed.into_iter().map(|(path, text, module, file)| Source {
            only_tests: (0..=module.len()).any(|end| tests.contains(&module[..end])),
            facts: Facts::of(&file, &module, &modules, path == "main.rs"),
            path,
            text,
            module,
        });
        Self { sources: sources.collect(), modules }
    }

    /// What is built into the program.
    pub fn program(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| !source.only_tests)
    }

    pub fn rooms(&self) -> Vec<&str> {
        let mut rooms: Vec<_> = self.sources.iter().map(Source::room).collect();
        rooms.dedup();
        rooms
    }
}

fn parse((path, text): (String, String)) -> (String, String, Names, syn::File) {
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{path} cannot be parsed: {error}"));
    let mut module: Names = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| ["mod", "main", "lib"].contains(&last.as_str())) {
        module.pop();
    }
    (path, text, module, file)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("src/{name}: {error}"));
            files.push((name, text));
        }
    }
}
