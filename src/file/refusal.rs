//! Why a path was not read. Each text says what is wrong and what to do about it, and never shows what a file holds.

use std::io::ErrorKind;
use std::sync::Arc;

/// One path's refusal. The path itself is told beside it, not in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("is not an absolute path: give the full path, from `/` on and without abbreviation")]
    NotAbsolute,
    #[error("contains a NUL byte, which no path can: give the path as the file system shows it")]
    Malformed,
    /// Holds why no folder is open and how to open one.
    #[error("cannot be read: {0}")]
    NoRootOpen(Arc<str>),
    #[error(
        "is outside the folders that zen may read: name a file inside of them, or let the user open its folder with \
         `--root DIR` or `[files] roots` in config.toml"
    )]
    OutsideRoots,
    #[error("does not exist: check the spelling")]
    Missing,
    #[error("is not a regular file (a FIFO, a device or a socket): name a file or a folder")]
    NotAFile,
    #[error("is a folder: name a file")]
    AFolder,
    #[error("is a file: name a folder")]
    AFile,
    #[error(
        "has {size} bytes and the limit is {max}: name a smaller file, or put the part that matters into the prompt"
    )]
    TooLarge { size: u64, max: u64 },
    #[error("is not UTF-8 text: convert it, or leave it out")]
    Binary,
    #[error(
        "is withheld because files of this name hold secrets: put what matters, without the secret, into the prompt"
    )]
    Secret,
    #[error("was left out because a call may bring no more than {max} files: name fewer, or a smaller folder")]
    TooMany { max: usize },
    #[error("was left out because the files of a call may have no more than {max} bytes together: name fewer")]
    TooMuch { max: u64 },
    #[error("lies more than {max} folders below the one that was named: name it directly")]
    TooDeep { max: usize },
    #[error("is a folder in which no text file was found that .gitignore does not exclude: name the files directly")]
    NothingInside,
    #[error("was replaced again and again while it was being opened: ask once more")]
    Replaced,
    #[error("cannot be read ({0}): check its permissions")]
    Unreadable(ErrorKind),
    #[error("is not a PNG, JPEG, GIF or WebP image: convert it to one of these")]
    NotAnImage,
    #[error("has {width} x {height} pixels and the limit is {max} in all: make it smaller, or cut out what matters")]
    TooManyPixels { width: u32, height: u32, max: u64 },
    #[error("says it is {declared} and is {found}: correct the data URL")]
    OtherImage { declared: String, found: &'static str },
    #[error("is not a data URL of the form `data:image/png;base64,...`: correct it, or give an absolute path")]
    BadDataUrl,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_says_what_is_wrong_and_what_to_do() {
        let texts = [
            Refusal::NotAbsolute,
            Refusal::Malformed,
            Refusal::OutsideRoots,
            Refusal::Missing,
            Refusal::NotAFile,
            Refusal::AFolder,
            Refusal::AFile,
            Refusal::TooLarge { size: 2, max: 1 },
            Refusal::Binary,
            Refusal::Secret,
            Refusal::TooMany { max: 1 },
            Refusal::TooMuch { max: 1 },
            Refusal::TooDeep { max: 1 },
            Refusal::NothingInside,
            Refusal::Replaced,
            Refusal::Unreadable(ErrorKind::PermissionDenied),
            Refusal::NotAnImage,
            Refusal::TooManyPixels { width: 2, height: 1, max: 1 },
            Refusal::OtherImage { declared: "image/png".to_owned(), found: "image/gif" },
            Refusal::BadDataUrl,
        ]
        .map(|refusal| refusal.to_string());
        for text in texts {
            assert!(text.contains(": "), "{text}");
        }
    }
}
