//! `config.toml`: which file it is, its reading, and what it gives for the keys, each with its line. It is the user's own
//! file or one that was named; none is looked for in a working directory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::edited::Stamp;
use super::environment::Environment;
use super::error::{Error, Place, Problem};
use super::key::{KEYS, Key, Unit, find};
use super::layer::{Entry, Layers, unknown};
use super::paths::Places;
use super::shipped::{PROVIDERS, position};
use super::value::{Given, show_size};
use crate::text::nearest::nearest;

/// A larger file is refused: a config file is written by hand.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// The file that counts.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    /// None where a file that was not named does not exist.
    pub text: Option<String>,
    pub warning: Option<String>,
    /// From before it was read.
    pub stamp: Stamp,
}

/// Finds the file and reads it, or says in `errors` why not. None where there is no home to look in.
pub fn read(
    named: Option<PathBuf>,
    environment: &Environment,
    places: &Places,
    errors: &mut Vec<Error>,
) -> Option<Source> {
    let choice = match choose(named, environment, places) {
        Ok(choice) => choice?,
        Err(error) => {
            errors.push(*error);
            return None;
        }
    };
    match read_chosen(&choice) {
        Ok(source) => Some(source),
        Err(problem) => {
            errors.push(Error { place: Place::File(choice.path), key: None, problem });
            None
        }
    }
}

/// Where the file is.
pub struct Choice {
    pub path: PathBuf,
    /// It was asked for by name, so it must be there.
    pub named: bool,
}

/// `--config`, else `$ZEN_CONFIG`, else the user's `config.toml`.
pub fn choose(
    named: Option<PathBuf>,
    environment: &Environment,
    places: &Places,
) -> Result<Option<Choice>, Box<Error>> {
    if let Some(path) = named {
        return Ok(Some(Choice { path, named: true }));
    }
    let refused = |problem| Box::new(Error { place: Place::Variable("ZEN_CONFIG".to_owned()), key: None, problem });
    match environment.text("ZEN_CONFIG").map_err(|_| refused(Problem::NotUnicode))? {
        Some(path) if !Path::new(path).is_absolute() => Err(refused(Problem::RelativeFile)),
        Some(path) => Ok(Some(Choice { path: path.into(), named: true })),
        None => Ok(places.config_file().map(|path| Choice { path, named: false })),
    }
}

fn read_chosen(choice: &Choice) -> Result<Source, Problem> {
    let path = choice.path.clone();
    let stamp = Stamp::of(&path);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let missing = Source { path, text: None, warning: None, stamp };
            return if choice.named { Err(Problem::Missing) } else { Ok(missing) };
        }
        Err(error) => return Err(Problem::Unreadable(error.to_string())),
    };
    let writable_by_all = file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o002 != 0);
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes).map_err(|error| Problem::Unreadable(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_CONFIG_BYTES) {
        return Err(Problem::TooLarge(show_size(MAX_CONFIG_BYTES)));
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::NotUnicode)?;
    let warning = writable_by_all.then(|| {
        let path = path.display();
        format!("{path} can be written by every user of this machine, who could send your keys elsewhere: chmod o-w it")
    });
    Ok(Source { path, text: Some(text), warning, stamp })
}

/// Adds what the file gives to the layers. Where its syntax is broken, nothing but that is told of it.
pub fn parse<'a>(path: &Path, text: &'a str, layers: &mut Layers<'a>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { path, text, layers };
    if errors.is_empty() {
        walk.root(table.get_ref());
    }
    for error in errors {
        let place = walk.place(&error.span().unwrap_or_default());
        walk.refuse(place, None, Problem::Syntax(error.message().escape_debug().to_string()));
    }
}

struct Walk<'a, 'w> {
    path: &'w Path,
    text: &'a str,
    layers: &'w mut Layers<'a>,
}

impl<'a> Walk<'a, '_> {
    fn root(&mut self, table: &DeTable<'a>) {
        for (name, value) in table {
            let section: &str = name.get_ref();
            match value.get_ref() {
                DeValue::Table(providers) if section == "providers" => self.providers(providers),
                DeValue::Table(keys) if is_section(section) => self.section(section, keys),
                DeValue::Table(_) => self.unknown_section(&name.span(), section),
                _ => self.refuse_unknown(&name.span(), section),
            }
        }
    }

    fn providers(&mut self, table: &DeTable<'a>) {
        for (name, value) in table {
            let section = format!("providers.{}", name.get_ref());
            match value.get_ref() {
                DeValue::Table(keys) if is_section(&section) => self.section(&section, keys),
                DeValue::Table(_) => self.unknown_section(&name.span(), &section),
                _ => self.refuse_unknown(&name.span(), &section),
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'a>) {
        for (name, value) in table {
            let dotted = format!("{section}.{}", name.get_ref());
            match find(&dotted) {
                Some(key) => self.entry(key, value, None),
                None => match value.get_ref() {
                    DeValue::Table(keys) if has_many(section) => self.endpoint(section, name, keys),
                    _ => self.refuse_unknown(&name.span(), &dotted),
                },
            }
        }
    }

    /// A further endpoint of a provider's kind: a table that takes the same keys.
    fn endpoint(&mut self, section: &str, name: &Spanned<Cow<'a, str>>, table: &DeTable<'a>) {
        let endpoint: &str = name.get_ref();
        if !is_name(endpoint) {
            let given = Given::Text(endpoint.into()).quoted();
            let expected = "a name of its own, in small letters, digits, - and _".to_owned();
            let place = self.place(&name.span());
            return self.refuse(place, Some(format!("[{section}]")), Problem::Invalid { given, expected });
        }
        for (leaf, value) in table {
            let dotted = format!("{section}.{}", leaf.get_ref());
            match find(&dotted) {
                Some(key) => self.entry(key, value, Some(endpoint.to_owned())),
                None => self.refuse_unknown(&leaf.span(), &dotted),
            }
        }
    }

    fn entry(&mut self, key: &'static Key, value: &Spanned<DeValue<'a>>, endpoint: Option<String>) {
        let place = self.place(&value.span());
        let given = given(value.get_ref());
        self.layers.entries.push(Entry { key, given, unit: Unit::Same, place, endpoint });
    }

    fn refuse_unknown(&mut self, span: &Range<usize>, name: &str) {
        let place = self.place(span);
        self.refuse(place, Some(name.to_owned()), unknown(name));
    }

    fn unknown_section(&mut self, span: &Range<usize>, section: &str) {
        let place = self.place(span);
        let nearest = nearest(section, KEYS.iter().map(Key::section)).map(|near| format!("[{near}]"));
        self.refuse(place, Some(format!("[{section}]")), Problem::Unknown { what: "section", nearest });
    }

    fn refuse(&mut self, place: Place, key: Option<String>, problem: Problem) {
        self.layers.errors.push(Error { place, key, problem });
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
        Place::Line {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_begin..].chars().count() + 1,
        }
    }
}

/// Whether there may be more endpoints of the kind that this section is about.
fn has_many(section: &str) -> bool {
    section.strip_prefix("providers.").is_some_and(|id| PROVIDERS.iter().any(|known| known.many && known.id == id))
}

/// A provider's own name would be taken for that provider.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= 40 && text.chars().all(fits) && position(text).is_none()
}

fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| key.section() == name)
}

fn given<'a>(value: &DeValue<'a>) -> Given<'a> {
    match value {
        DeValue::String(text) => Given::Text(text.clone()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or(Given::Other("so large a number"), Given::Integer),
        DeValue::Boolean(value) => Given::Bool(*value),
        DeValue::Array(items) => Given::List(items.iter().map(|item| given(item.get_ref())).collect()),
        DeValue::Float(_) => Given::Other("a decimal number"),
        DeValue::Datetime(_) => Given::Other("a date or time"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}
