//! Keys that no process may ever write. Every process that a test starts has all of them around it and one of them as its
//! provider's key, and logs all it can; what it has written, to whom and where ever, is swept when the test lets go of it.
//! What a test's own code is told is swept where it is told.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Stands in every part of every canary: the eleventh character that comes out is one too many.
const MARK: &str = "CaNaRyKeY7";
/// What a canary has behind its beginning.
const BODY: &str = "CaNaRyKeY7CaNaRyKeY7CaNaRyKeY7CaNaRyKeY7";

/// How keys look: the variable of another program that holds one, what the key begins with, and what it ends with.
const FORMATS: [(&str, &str, &str); 12] = [
    ("LITELLM_MASTER_KEY", "sk-", ""),
    ("OPENAI_PROJECT_KEY", "sk-proj-", ""),
    ("ANTHROPIC_API_KEY", "sk-ant-api03-", ""),
    ("OPENROUTER_PROVISIONING_KEY", "sk-or-v1-", ""),
    ("GOOGLE_MAPS_API_KEY", "AIzaSy", ""),
    ("XAI_MANAGEMENT_KEY", "xai-", ""),
    ("AZURE_SEARCH_KEY", "", ""),
    ("GITHUB_TOKEN", "ghp_", ""),
    ("AWS_ACCESS_KEY_ID", "AKIA", ""),
    ("SLACK_BOT_TOKEN", "xoxb-", ""),
    ("ID_TOKEN", "eyJhbGciOiJIUzI1NiJ9.", ".c2lnbmF0dXJl"),
    ("TLS_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\n", "\n-----END PRIVATE KEY-----\n"),
];

/// How many places have been given a key.
static PLANTED: AtomicUsize = AtomicUsize::new(0);

/// A secret of each format, as it stands in a user's environment for the sake of other programs.
pub fn around() -> impl Iterator<Item = (&'static str, String)> {
    FORMATS.into_iter().map(|(variable, begins, ends)| (variable, format!("{begins}{BODY}{ends}")))
}

/// All that can stand in a header: the keys that a provider may have been given.
pub fn keys() -> Vec<String> {
    around().map(|(_, key)| key).filter(|key| !key.contains('\n')).collect()
}

/// The next of them in turn, and whether it is to stand in the key file instead of a variable.
pub fn next() -> (String, bool) {
    let (turn, mut keys) = (PLANTED.fetch_add(1, Ordering::Relaxed), keys());
    // The formats are odd in number, so that each comes to stand in either place.
    (keys.swap_remove(turn % keys.len()), turn % 2 == 1)
}

/// Writes the user's key file.
pub fn write_key_file(path: &Path, provider: &str, key: &str) {
    use std::io::Write as _;

    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    writeln!(file, "{provider} = \"{key}\"").unwrap();
}

/// Fails the test where a part of a canary stands in what was written there.
pub fn sweep(place: &str, bytes: impl AsRef<[u8]>) {
    let text = String::from_utf8_lossy(bytes.as_ref());
    // A test that fails already says why.
    if !thread::panicking() {
        assert!(!text.contains(MARK), "a key came out at {place}: {text}");
    }
}

/// Sweeps what a value shows of itself: what was told to this process and is bytes no more.
pub fn sweep_value<T: std::fmt::Debug>(place: &str, value: &T) {
    sweep(place, format!("{value:?}"));
}

/// Sweeps every file below `folder`, but for the one that the user wrote the key into.
pub fn sweep_files(folder: &Path, key_file: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        sweep("a name", path.to_string_lossy().as_bytes());
        if kind.is_dir() {
            sweep_files(&path, key_file);
        } else if kind.is_file() && path != key_file {
            sweep(&path.display().to_string(), fs::read(&path).unwrap_or_default());
        }
    }
}
