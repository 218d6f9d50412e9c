//! The paths beneath the roots that begin as a person has written so far: of names alone, and of none that a model would
//! not be shown.

use std::path::Path;

use super::ignored::Ignored;
use super::is_withheld;
use super::open::{Found, open_named};
use super::place::Named;
use super::root::Roots;

/// Names of one folder that are looked at.
const MAX_NAMES: usize = 20_000;

/// At most `max` paths, sorted, absolute as the root is spelled; folders end in a slash. A relative beginning is seen
/// from the first root. What cannot be looked at offers nothing.
pub fn complete(roots: &Roots, so_far: &str, max: usize) -> Vec<String> {
    let Some(first) = roots.list().next().and_then(Path::to_str) else { return Vec::new() };
    let absolute = if so_far.starts_with('/') { so_far.to_owned() } else { format!("{first}/{so_far}") };
    let (folder, name) = absolute.rsplit_once('/').unwrap_or(("", &absolute));
    let mut offers = Vec::new();
    // The root itself is offered where only its beginning is written.
    let inside = if folder.is_empty() { "/" } else { folder };
    if let Ok(named) = Named::parse(roots, inside)
        && let Ok(Found::Folder { place }) = open_named(roots, &named)
        && let Ok(entries) = place.root.dir.read_dir(&place.relative)
    {
        let mut ignored = Ignored::above(&place);
        ignored.enter(&place.relative);
        for entry in entries.flatten().take(MAX_NAMES) {
            let Ok(kind) = entry.file_type() else { continue };
            let file_name = entry.file_name();
            let Some(file_name) = file_name.to_str() else { continue };
            let is_hidden = file_name.starts_with('.') && !name.starts_with('.');
            let is_shown = (kind.is_file() || kind.is_dir()) && !is_hidden && file_name.starts_with(name);
            let path = format!("{folder}/{file_name}");
            if is_shown
                && !is_withheld(Path::new(&path))
                && !ignored.has(&place.relative.join(file_name), kind.is_dir())
            {
                offers.push(if kind.is_dir() { format!("{path}/") } else { path });
            }
        }
    } else {
        let roots = roots.list().filter_map(Path::to_str).filter(|root| root.starts_with(so_far));
        offers.extend(roots.map(|root| format!("{root}/")));
    }
    offers.sort();
    offers.truncate(max);
    offers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Files;

    #[test]
    fn names_inside_the_roots_are_offered_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        for name in ["src/main.rs", "src/mail.rs", "src/.hidden", "src/ignored.rs", ".env", "src/deep/x"] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::fs::write(root.join(".gitignore"), "ignored.rs\n").unwrap();
        std::os::unix::fs::symlink("/etc", root.join("src/etc")).unwrap();
        let roots = Roots::open(&Files::default(), &root, None).unwrap();
        let shown = |so_far: &str| -> Vec<String> {
            let prefix = format!("{}/", root.display());
            complete(&roots, so_far, 10).into_iter().map(|path| path.replace(&prefix, "")).collect()
        };
        assert_eq!(shown("src/ma"), ["src/mail.rs", "src/main.rs"]);
        assert_eq!(shown("src/"), ["src/deep/", "src/mail.rs", "src/main.rs"]);
        assert_eq!(shown("src/."), ["src/.hidden"]);
        assert_eq!(shown("s"), ["src/"]);
        assert_eq!(shown(".e"), [""; 0], "a file of secrets is not named");
        for outside in ["../", "/etc/pass", "src/etc/", "src/../../"] {
            assert_eq!(shown(outside), [""; 0], "{outside}");
        }
        assert_eq!(complete(&roots, "src/", 1).len(), 1);
    }
}
