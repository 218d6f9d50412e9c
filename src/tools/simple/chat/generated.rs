//! Code as an artifact: the last block of a reply that is marked as generated goes to a file in the caller's folder, where
//! the user's configuration allows it, and the reply names the file in its place.

use std::path::Path;

use crate::file::write;
use crate::tools::Call;

/// The file, in the caller's working directory. Older servers' agents know it by this name.
pub const FILE: &str = "pal_generated.code";
const BEGIN: &str = "<generated-code>";
const END: &str = "</generated-code>";

/// What a model is told where it may hand over code in this way.
pub const PROTOCOL: &str = "\n\nWhere you are asked to implement something substantial, and only then, put the code into one block \
    at the end of your answer, between <GENERATED-CODE> and </GENERATED-CODE>. In it, number the steps to take. Give each new file whole \
    between <NEWFILE: path> and </NEWFILE>, and each change of a file between <UPDATED_EXISTING_FILE: path> and \
    </UPDATED_EXISTING_FILE>, with as much of what surrounds it as is needed to find the place. Paths are relative to the project; \
    line numbers are no part of the code. Small changes and explanations need no block.";

/// What became of the block of a reply.
pub struct Handed {
    /// The reply, with the name of the file in the place of the block where it was written.
    pub text: String,
    /// In one line, for the reply's metadata.
    pub note: String,
}

/// Hands the last block of `reply` over; None where it has none.
pub async fn hand_over(reply: &str, folder: &str, call: &Call) -> Option<Handed> {
    let block = last_block(reply)?;
    let unchanged = |note: String| Some(Handed { text: reply.to_owned(), note });
    if !call.settings.write_generated_code {
        return unchanged("not written to a file: `[tools] write_generated_code` is off".to_owned());
    }
    let (roots, folder, code) = (call.roots.clone(), folder.to_owned(), block.code.to_owned());
    let written = tokio::task::spawn_blocking(move || write::write(&roots, &folder, FILE, &format!("{code}\n"))).await;
    match written {
        Ok(Ok(path)) => {
            let text = format!("{}{}{}", &reply[..block.from], told(&path), &reply[block.to..]);
            Some(Handed { text, note: path.display().to_string() })
        }
        Ok(Err(error)) => unchanged(format!("not written to a file: {error}")),
        Err(error) => unchanged(format!("not written to a file: {error}")),
    }
}

fn told(path: &Path) -> String {
    format!(
        "[The generated code is in {}, for you to read as a proposal. Never paste an excerpt over a whole file; complete what \
         a NEWFILE block leaves open; build, lint and test what you take over. Delete the file when you are done with it.]",
        path.display()
    )
}

/// A block, with its marks, from byte to byte.
#[derive(Debug, PartialEq, Eq)]
struct Block<'a> {
    from: usize,
    to: usize,
    code: &'a str,
}

/// The last block that is closed and not empty.
fn last_block(reply: &str) -> Option<Block<'_>> {
    // Of the same length, byte for byte.
    let folded = reply.to_ascii_lowercase();
    let mut until = folded.len();
    while let Some(end) = folded[..until].rfind(END) {
        let from = folded[..end].rfind(BEGIN)?;
        let code = reply[from + BEGIN.len()..end].trim_matches('\n').trim_end();
        if !code.trim().is_empty() {
            return Some(Block { from, to: end + END.len(), code });
        }
        until = from;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_that_is_whole_counts_however_it_is_written() {
        let code = |reply| last_block(reply).map(|block| block.code);
        assert_eq!(code("a <GENERATED-CODE>\n one\n</GENERATED-CODE> b"), Some(" one"));
        assert_eq!(code("<generated-code>1</Generated-Code><GENERATED-CODE>2</GENERATED-CODE>"), Some("2"));
        assert_eq!(code("<GENERATED-CODE>1</GENERATED-CODE> <GENERATED-CODE> never closed"), Some("1"));
        assert_eq!(code("<GENERATED-CODE>1</GENERATED-CODE><GENERATED-CODE> \n</GENERATED-CODE>"), Some("1"));
        for none in ["", "plain", "<GENERATED-CODE>", "</GENERATED-CODE>", "</GENERATED-CODE><GENERATED-CODE>"] {
            assert_eq!(code(none), None, "{none}");
        }
        let whole = "İ<GENERATED-CODE>x</GENERATED-CODE>";
        assert_eq!(last_block(whole), Some(Block { from: 2, to: whole.len(), code: "x" }));
    }
}
