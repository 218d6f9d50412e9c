//! A person's own editor: which one it is, and having it change a text in a file that nobody else can read and that is
//! gone afterwards. It needs the terminal: whoever asks for it has given that back before.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use uuid::Uuid;

use crate::process::{self, lent};

/// The editor of who named none.
const USUAL: &str = "vi";
/// What the file is called: editors know by it what is in it.
const FILE: &str = "message.json";
/// Bytes of a text that an editor may give back.
const MAX_TEXT: u64 = 4 << 20;

/// Which program, and where it is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editor {
    /// The program and what stands behind it, such as `code --wait`.
    words: Vec<String>,
    path: OsString,
    /// A folder of this user alone, in which the file gets one of its own.
    folder: PathBuf,
}

/// Why there is no edited text.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotEdited {
    #[error("the editor '{0}' cannot be used: {1}")]
    Program(String, process::Error),
    #[error("the editor '{0}' gave the text up ({1})")]
    GivenUp(String, ExitStatus),
    #[error("the file for the editor failed: {0}")]
    File(#[from] io::Error),
    #[error("the editor left a text of more than {} bytes", MAX_TEXT)]
    TooLong,
    #[error("the editor left something that is no text in UTF-8")]
    NoText,
}

impl Editor {
    /// `visual` goes before `editor`, as the variables of these names do; words stand between blanks, quotes mean nothing.
    /// The program is looked for in `path`.
    pub fn new(visual: Option<&str>, editor: Option<&str>, path: Option<&OsStr>, folder: PathBuf) -> Self {
        let named = [visual, editor].into_iter().flatten().find(|named| !named.trim().is_empty());
        let words = named.unwrap_or(USUAL).split_whitespace().map(str::to_owned).collect();
        Self { words, path: path.unwrap_or_default().to_owned(), folder }
    }

    /// The text as the editor leaves it. Gives up, and ends the editor, once `given_up` is ready.
    pub(super) async fn edit(&self, text: &str, given_up: impl Future<Output = ()>) -> Result<String, NotEdited> {
        let name = || self.words.join(" ");
        let first = self.words.first().map_or(USUAL, String::as_str);
        let program = process::find(first, &self.path).map_err(|error| NotEdited::Program(name(), error))?;
        let place = Place::new(&self.folder)?;
        place.write(text)?;
        let mut arguments: Vec<OsString> = self.words.iter().skip(1).map(OsString::from).collect();
        arguments.push(place.file().into());
        let ended = lent::lend(&program, &arguments, given_up).await;
        let status = ended.map_err(|error| NotEdited::Program(name(), error))?;
        if !status.success() {
            return Err(NotEdited::GivenUp(name(), status));
        }
        place.read()
    }
}

/// A folder for one file. Dropping it removes it, with whatever an editor left beside.
struct Place(PathBuf);

impl Place {
    fn new(folder: &Path) -> io::Result<Self> {
        let place = folder.join(format!("zen-edit-{}", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&place)?;
        Ok(Self(place))
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.file())?;
        file.write_all(text.as_bytes())
    }

    fn read(&self) -> Result<String, NotEdited> {
        let mut bytes = Vec::new();
        fs::File::open(self.file())?.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_TEXT {
            return Err(NotEdited::TooLong);
        }
        String::from_utf8(bytes).map_err(|_| NotEdited::NoText)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody is left to be told, and the folder is nobody else's.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// An editor that is this script; `$1` is the file.
    fn scripted(folder: &Path, script: &str) -> Editor {
        let program = folder.join("editor");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Editor::new(None, Some(&format!("{} -x", program.display())), None, folder.join("run"))
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        folder
    }

    #[test]
    fn visual_goes_before_editor_and_vi_is_what_is_left() {
        let words = |visual, editor| Editor::new(visual, editor, None, PathBuf::new()).words;
        assert_eq!(words(Some("code --wait"), Some("nano")), ["code", "--wait"]);
        assert_eq!(
            (words(Some(" "), Some("nano")), words(None, None)),
            (vec!["nano".to_owned()], vec!["vi".to_owned()])
        );
    }

    #[tokio::test]
    async fn the_file_is_the_persons_alone_and_gone_afterwards() {
        let folder = folder();
        let script = r#"test "$1" = -x && test "$(stat -c %a "$2")" = 600 && test "$(stat -c %a "$(dirname "$2")")" = 700 || exit 9
            printf '%s!' "$(cat "$2")" > "$2.new" && mv "$2.new" "$2" && touch "$2~""#;
        let editor = scripted(folder.path(), script);
        assert_eq!(editor.edit("a text", pending()).await.unwrap(), "a text!");
        assert_eq!(fs::read_dir(folder.path().join("run")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_editor_that_fails_or_is_not_there_says_so_and_leaves_no_file() {
        let folder = folder();
        let failed = scripted(folder.path(), "exit 3").edit("a text", pending()).await.unwrap_err().to_string();
        assert!(failed.contains("gave the text up") && failed.contains('3'), "{failed}");
        let garbled = scripted(folder.path(), r#"printf '\377' > "$2""#).edit("a text", pending()).await;
        assert!(matches!(garbled, Err(NotEdited::NoText)));
        let missing =
            Editor::new(Some("no-such-editor"), None, Some(OsStr::new("/nowhere")), folder.path().join("run"));
        let said = missing.edit("a text", pending()).await.unwrap_err().to_string();
        assert!(said.contains("no-such-editor was not found"), "{said}");
        assert_eq!(fs::read_dir(folder.path().join("run")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_editor_is_ended_when_zen_is() {
        let folder = folder();
        let editor = scripted(folder.path(), "exec sleep 1000");
        let given_up = editor.edit("a text", async {}).await;
        assert!(matches!(given_up, Err(NotEdited::Program(_, process::Error::Cancelled))));
        assert_eq!(fs::read_dir(folder.path().join("run")).unwrap().count(), 0);
    }
}
