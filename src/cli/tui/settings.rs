//! The face's own file, `tui.toml` beside the configuration: which key does what, and how it looks. Read once, before
//! the screen is taken, so that what is wrong with it can be said. What the environment says of the terminal is read here
//! too.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::config::Environment;
use crate::tui::editor::Editor;
use crate::tui::keymap::{BadKeymap, Keymap};
use crate::tui::look::{Look, shade_of};
use crate::tui::theme::{Depth, Preset};

/// The file's name in the user's configuration folder.
const NAME: &str = "tui.toml";
/// Bytes of it that are read; more is no file of keys.
const MAX_BYTES: u64 = 256 << 10;

/// What the file says.
#[derive(Debug, Default)]
pub struct Settings {
    pub keymap: Keymap,
    /// None: what suits the terminal.
    pub theme: Option<Preset>,
    pub mouse: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{} cannot be read: {error}", path.display())]
    Unread { path: PathBuf, error: io::Error },
    #[error("{} is not usable:\n{problems}", path.display())]
    Invalid { path: PathBuf, problems: BadKeymap },
}

/// `tui.toml`, as far as it is about looks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    look: Looks,
    #[serde(default, rename = "keys")]
    _keys: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Looks {
    theme: String,
    mouse: bool,
}

impl Default for Looks {
    fn default() -> Self {
        Self { theme: "auto".to_owned(), mouse: true }
    }
}

/// What the file in `folder` says; what zen comes with where there is no such file.
pub fn read_from(folder: Option<&Path>) -> Result<Settings, SettingsError> {
    let Some(path) = folder.map(|folder| folder.join(NAME)) else { return parse("").map_err(no_file) };
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(SettingsError::Unread { path, error }),
    };
    parse(&text).map_err(|problems| SettingsError::Invalid { path, problems })
}

/// How the face looks here: what the person wants, and what the terminal can do.
pub fn look(settings: &Settings, environment: &Environment) -> Look {
    let says = |name: &str| environment.text(name).ok().flatten();
    let has = |name: &str| says(name).is_some();
    let tmux = has("TMUX");
    Look {
        preset: settings.theme,
        depth: depth(&says),
        shade: says("COLORFGBG").and_then(shade_of),
        // An answer over a slow line, or through tmux, may come when it would be taken for keys.
        ask: !tmux && !["SSH_CONNECTION", "SSH_TTY", "STY"].into_iter().any(has),
        mouse: settings.mouse,
        tmux,
    }
}

/// What the person edits texts with, and where a file for it may lie.
pub fn editor(environment: &Environment) -> Editor {
    let says = |name: &str| environment.text(name).ok().flatten();
    let folder = environment.raw("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir);
    Editor::new(says("VISUAL"), says("EDITOR"), environment.raw("PATH"), folder)
}

fn depth<'a>(says: &impl Fn(&str) -> Option<&'a str>) -> Depth {
    let terminal = says("TERM").unwrap_or_default();
    let is_apple = says("TERM_PROGRAM") == Some("Apple_Terminal");
    match says("COLORTERM") {
        _ if says("NO_COLOR").is_some() || terminal == "dumb" => Depth::None,
        Some("truecolor" | "24bit") if !is_apple => Depth::Full,
        _ if terminal.contains("256color") => Depth::Indexed,
        _ => Depth::Sixteen,
    }
}

/// A theme; None for `auto`.
#[derive(Clone, Copy, Debug)]
pub struct Chosen(pub Option<Preset>);

/// The theme of that name.
pub fn theme(name: &str) -> Result<Chosen, String> {
    if name == "auto" {
        return Ok(Chosen(None));
    }
    let names = Preset::ALL.map(Preset::name).join(", ");
    Preset::named(name)
        .map(|preset| Chosen(Some(preset)))
        .ok_or_else(|| format!("there is no theme '{name}': auto, {names}"))
}

fn parse(text: &str) -> Result<Settings, BadKeymap> {
    let keymap = Keymap::from_toml(text)?;
    let File { look, .. } = toml::from_str(text).map_err(|error| BadKeymap(vec![error.message().to_owned()]))?;
    let Chosen(theme) = theme(&look.theme).map_err(|problem| BadKeymap(vec![problem]))?;
    Ok(Settings { keymap, theme, mouse: look.mouse })
}

fn no_file(problems: BadKeymap) -> SettingsError {
    SettingsError::Invalid { path: NAME.into(), problems }
}

fn read(path: &Path) -> io::Result<String> {
    // A FIFO or a device would be waited for without end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_means_the_shipped_keys_and_a_bad_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let settings = read_from(Some(folder.path())).unwrap();
        assert_eq!((settings.keymap, settings.theme, settings.mouse), (Keymap::default(), None, true));
        std::fs::write(folder.path().join(NAME), "[keys]\nquit = []").unwrap();
        let error = read_from(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains(NAME) && error.contains("quit has no key"), "{error}");
        std::fs::remove_file(folder.path().join(NAME)).unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        assert!(matches!(read_from(Some(folder.path())), Err(SettingsError::Unread { .. })));
    }

    #[test]
    fn looks_stand_beside_the_keys_and_an_unknown_one_is_named() {
        let settings = parse("[keys]\nexpire = \"Z\"\n[look]\ntheme = \"light\"\nmouse = false").unwrap();
        assert_eq!((settings.theme, settings.mouse, settings.keymap.remapped), (Some(Preset::Light), false, 1));
        let BadKeymap(problems) = parse("[look]\ntheme = \"neon\"").unwrap_err();
        assert!(problems[0].contains("'neon'") && problems[0].contains("clear"), "{problems:?}");
        assert!(parse("[look]\ncolour = 1").is_err() && parse("[lok]").is_err());
    }

    #[test]
    fn colours_are_as_many_as_the_terminal_shows() {
        let depth = |variables: &[(&str, &'static str)]| {
            let found = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            super::depth(&found)
        };
        let full = ("COLORTERM", "truecolor");
        assert_eq!(depth(&[full, ("TERM", "xterm-256color")]), Depth::Full);
        assert_eq!(depth(&[full, ("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[full, ("NO_COLOR", "1")]), Depth::None);
    }
}
