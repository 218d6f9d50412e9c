//! How secrets look that nobody told us of: keys of well-known kinds, private keys, passwords in URLs. One pass over a
//! text, whatever the text; no pattern that could take long.

use std::ops::Range;

/// How a kind of key is recognised: its beginning, how many characters of a key follow at least, and whose it is.
pub(super) struct Format {
    pub prefix: &'static str,
    pub least: usize,
    pub kind: &'static str,
}

const fn format(prefix: &'static str, least: usize, kind: &'static str) -> Format {
    Format { prefix, least, kind }
}

/// Where two fit, the longer one is taken as a matter of course: a key is taken out to its end.
pub(super) const FORMATS: &[Format] = &[
    // OpenAI, Anthropic and OpenRouter: `sk-`, `sk-proj-`, `sk-ant-`, `sk-or-v1-`
    format("sk-", 20, "API key"),
    format("AIza", 30, "Google API key"),
    format("ya29.", 30, "Google OAuth token"),
    format("GOCSPX-", 20, "Google client secret"),
    format("xai-", 20, "xAI key"),
    format("gsk_", 30, "Groq key"),
    format("pplx-", 30, "Perplexity key"),
    format("hf_", 30, "Hugging Face token"),
    format("ghp_", 30, "GitHub token"),
    format("gho_", 30, "GitHub token"),
    format("ghu_", 30, "GitHub token"),
    format("ghs_", 30, "GitHub token"),
    format("ghr_", 30, "GitHub token"),
    format("github_pat_", 30, "GitHub token"),
    format("glpat-", 20, "GitLab token"),
    format("AKIA", 16, "AWS key id"),
    format("ASIA", 16, "AWS key id"),
    format("xoxb-", 20, "Slack token"),
    format("xoxp-", 20, "Slack token"),
    format("xapp-", 20, "Slack token"),
    format("sk_live_", 20, "Stripe key"),
    format("rk_live_", 20, "Stripe key"),
    format("whsec_", 24, "Stripe secret"),
    format("SG.", 40, "SendGrid key"),
    format("dop_v1_", 40, "DigitalOcean token"),
    format("shpat_", 30, "Shopify token"),
    format("npm_", 30, "npm token"),
    format("pypi-", 50, "PyPI token"),
    format("AGE-SECRET-KEY-", 40, "age key"),
    // `{"` in base64
    format("eyJ", 60, "JSON web token"),
];

/// Names whose value is a secret that looks like any other text. The value has at least so many characters.
const NAMED: &[(&str, usize, &str)] = &[
    ("aws_secret_access_key", 30, "AWS secret key"),
    ("accountkey", 40, "Azure account key"),
    ("sharedaccesskey", 40, "Azure access key"),
];

/// Bytes of the shortest word that is a key or names one.
const SHORTEST: usize = shortest();

const fn shortest() -> usize {
    let (mut least, mut at) = (usize::MAX, 0);
    while at < FORMATS.len() + NAMED.len() {
        let bytes = match at.checked_sub(FORMATS.len()) {
            None => FORMATS[at].prefix.len() + FORMATS[at].least,
            Some(named) => NAMED[named].0.len(),
        };
        least = if bytes < least { bytes } else { least };
        at += 1;
    }
    least
}

const BEGIN: &str = "-----BEGIN";
const END: &str = "-----END";
const PRIVATE: &str = "PRIVATE KEY";
/// Bytes of the line that opens or closes a private key.
const MARKER: usize = 80;
/// Fewer characters of a password in a URL are taken for a placeholder.
const SHORTEST_PASSWORD: usize = 6;
/// Bytes between a `://` and its `@`, at most.
const USER_PART: usize = 256;

/// Where secrets stand in `text`, in order and apart from each other, with what each looks like.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_of_key(bytes[at]) {
            if let Some(password) = password(bytes, at) {
                at = password.end;
                found.push((password, "password in a URL"));
            } else {
                at += 1;
            }
            continue;
        }
        // A word of key characters: only its beginning can be a key's.
        let end = at + run(&bytes[at..], is_of_key);
        // What JSON writes as `\n` and the like belongs to no key, though its letter looks so.
        let escaped = usize::from(at > 0 && bytes[at - 1] == b'\\' && end - at > 1);
        let next = secret(text, at + escaped..end);
        at = next.as_ref().map_or(end, |(range, _)| range.end);
        found.extend(next);
    }
    found
}

/// The secret that this word is, or begins.
fn secret(text: &str, word: Range<usize>) -> Option<(Range<usize>, &'static str)> {
    let spelled = &text[word.clone()];
    if spelled.starts_with('-') {
        return private_key(text, &word).map(|range| (range, "private key"));
    }
    // Nearly every word of a text is too short for all of them.
    if spelled.len() < SHORTEST {
        return None;
    }
    let is =
        |format: &&Format| spelled.len() >= format.prefix.len() + format.least && spelled.starts_with(format.prefix);
    if let Some(format) = FORMATS.iter().find(is) {
        return Some((word, format.kind));
    }
    let (_, least, kind) = NAMED.iter().find(|(name, ..)| ends_with(spelled, name))?;
    value(text.as_bytes(), word.end, *least).map(|range| (range, *kind))
}

fn ends_with(word: &str, name: &str) -> bool {
    let from = word.len().checked_sub(name.len());
    from.and_then(|from| word.as_bytes().get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
}

/// What is assigned behind `from`, where it has `least` characters.
fn value(bytes: &[u8], from: usize, least: usize) -> Option<Range<usize>> {
    let between = run(&bytes[from..], |byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'=' | b':' | b'\\'));
    if !bytes[from..from + between].iter().any(|byte| matches!(byte, b'=' | b':')) {
        return None;
    }
    let start = from + between;
    let length =
        run(&bytes[start..], |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'));
    (length >= least).then_some(start..start + length)
}

/// From `-----BEGIN ... PRIVATE KEY-----` to its end; where that is missing, as far as it looks like one. It never goes
/// over a quotation mark, so that JSON stays JSON.
fn private_key(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !text[word.clone()].starts_with(BEGIN) {
        return None;
    }
    let body = closed(bytes, word.start + BEGIN.len())?;
    let is_body = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || byte.is_ascii_whitespace()
            || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',' | b'-')
    };
    let end = body + run(&bytes[body..], is_body);
    let closing =
        text.get(body..end).and_then(|text| text.find(END)).and_then(|at| closed(bytes, body + at + END.len()));
    Some(word.start..closing.unwrap_or(end))
}

/// The end of a marker line's name and dashes, where it names a private key.
fn closed(bytes: &[u8], from: usize) -> Option<usize> {
    let line = &bytes[from..bytes.len().min(from + MARKER)];
    let name = run(line, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    let dashes = run(&line[name..], |byte| byte == b'-');
    let named = line[..name].windows(PRIVATE.len()).any(|part| part == PRIVATE.as_bytes());
    (named && dashes == 5).then_some(from + name + dashes)
}

/// The password of a `scheme://user:password@host` whose `://` is at `at`.
fn password(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = bytes[at..].strip_prefix(b"://")?;
    let rest = &rest[..rest.len().min(USER_PART)];
    let user = run(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'%'));
    let length = run(rest[user..].strip_prefix(b":")?, |byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'@' | b'/' | b'"' | b'\'' | b'\\' | b'<' | b'{' | b'$' | b'(' | b':' | b'`')
    });
    let start = at + 3 + user + 1;
    let end = start + length;
    (length >= SHORTEST_PASSWORD && bytes.get(end) == Some(&b'@')).then_some(start..end)
}

/// How many bytes at the beginning are such.
fn run(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is(*byte)).unwrap_or(bytes.len())
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}
