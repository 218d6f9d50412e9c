//! JSON with comments and trailing commas, edited in place: one member is set, and every other byte stays.

use std::ops::Range;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::Broken;

/// A file nested deeper is no file of settings.
const MAX_DEPTH: usize = 64;
const DEFAULT_INDENT: &str = "  ";

/// A value and where it stands.
struct Node {
    at: Range<usize>,
    /// None where it is no object.
    members: Option<Vec<Member>>,
    value: Value,
}

struct Member {
    key: String,
    key_at: usize,
    node: Node,
    /// Behind its comma, where it has one.
    comma_end: Option<usize>,
}

/// The value at this path.
pub fn get(text: &str, path: &[&str]) -> Result<Option<Value>, Broken> {
    if is_blank(text) {
        return Ok(None);
    }
    let root = parse(text)?;
    let mut node = &root;
    for (index, key) in path.iter().enumerate() {
        let members = node.members.as_ref().ok_or_else(|| shape(path, index))?;
        match members.iter().find(|member| member.key == *key) {
            Some(member) => node = &member.node,
            None => return Ok(None),
        }
    }
    if node.members.is_none() && path.len() == 2 {
        return Err(shape(path, path.len()));
    }
    Ok(Some(node.value.clone()))
}

/// The text with this value at this path; the objects on the way are made where they are missing.
pub fn set(text: &str, path: &[&str], value: &Value) -> Result<String, Broken> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if is_blank(text) {
        let whole = format!("{}\n", pretty(&nested(path, value), DEFAULT_INDENT));
        return Ok(whole.replace('\n', newline));
    }
    let root = parse(text)?;
    let unit = root.members.iter().flatten().next().and_then(|first| own_indent(text, first.key_at));
    let unit = unit.filter(|unit| !unit.is_empty()).unwrap_or(DEFAULT_INDENT);
    let mut node = &root;
    for (index, key) in path.iter().enumerate() {
        let members = node.members.as_ref().ok_or_else(|| shape(path, index))?;
        match members.iter().find(|member| member.key == *key) {
            Some(member) => node = &member.node,
            None => {
                let value = nested(&path[index + 1..], value);
                return Ok(inserted(text, node, members, key, &value, unit, newline));
            }
        }
    }
    if node.value == *value {
        return Ok(text.to_owned());
    }
    let indent = line_indent(text, node.at.start);
    let written = pretty(value, unit).replace('\n', &format!("{newline}{indent}"));
    Ok(format!("{}{written}{}", &text[..node.at.start], &text[node.at.end..]))
}

/// The text with a new member behind the others.
fn inserted(
    text: &str,
    object: &Node,
    members: &[Member],
    key: &str,
    value: &Value,
    unit: &str,
    newline: &str,
) -> String {
    let key = Value::from(key).to_string();
    let base = line_indent(text, object.at.start);
    let first_indent = members.first().and_then(|first| own_indent(text, first.key_at));
    let one_line = !text[object.at.clone()].contains('\n');
    let Some(last) = members.last() else {
        let indent = format!("{base}{unit}");
        let inside = text[object.at.start + 1..object.at.end - 1].trim_end();
        let at = object.at.start + 1 + inside.len();
        let written = pretty(value, unit).replace('\n', &format!("{newline}{indent}"));
        let before = format!("{newline}{indent}{key}: {written}{newline}{base}");
        return format!("{}{before}{}", &text[..at], &text[object.at.end - 1..]);
    };
    let comma = if last.comma_end.is_some() { "" } else { "," };
    let value_end = last.comma_end.unwrap_or(last.node.at.end);
    if one_line {
        return format!("{}{comma} {key}: {value}{}", &text[..value_end], &text[value_end..]);
    }
    let indent = first_indent.map_or_else(|| format!("{base}{unit}"), str::to_owned);
    let line_end = value_end + rest_of_line(&text[value_end..object.at.end - 1]);
    let written = pretty(value, unit).replace('\n', &format!("{newline}{indent}"));
    // Where the others end with a comma, this one does too.
    let ending = if last.comma_end.is_some() { "," } else { "" };
    let (before, between, after) = (&text[..value_end], &text[value_end..line_end], &text[line_end..]);
    format!("{before}{comma}{between}{newline}{indent}{key}: {written}{ending}{after}")
}

/// The bytes up to the end of the line, comments included, without the blanks at its end.
fn rest_of_line(text: &str) -> usize {
    let mut at = 0;
    let mut end = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first == '\n' || first == '\r' {
            break;
        }
        at += if rest.starts_with("//") {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            end = at;
        }
    }
    end
}

fn nested(path: &[&str], value: &Value) -> Value {
    path.iter()
        .rev()
        .fold(value.clone(), |value, key| Value::Object([((*key).to_owned(), value)].into_iter().collect()))
}

fn pretty(value: &Value, unit: &str) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(unit.as_bytes()));
    // A vector takes whatever is written to it.
    let _ = value.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// The blanks at the beginning of the line in which this stands.
fn line_indent(text: &str, at: usize) -> &str {
    let line = &text[text[..at].rfind('\n').map_or(0, |newline| newline + 1)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The same where nothing else stands before it in the line.
fn own_indent(text: &str, at: usize) -> Option<&str> {
    let before = &text[text[..at].rfind('\n')? + 1..at];
    before.trim_matches([' ', '\t']).is_empty().then_some(before)
}

fn shape(path: &[&str], index: usize) -> Broken {
    Broken::Shape(index.checked_sub(1).and_then(|index| path.get(index)).unwrap_or(&"the file").to_string())
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

fn parse(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    reader.skip()?;
    let root = reader.value(0)?;
    reader.skip()?;
    if reader.at < text.len() {
        return Err(reader.broken("something stands behind the end"));
    }
    Ok(root)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn broken(&self, what: &str) -> Broken {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        Broken::Syntax { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, what: what.to_owned() }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Blanks and comments.
    fn skip(&mut self) -> Result<(), Broken> {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let rest = &rest[blanks..];
            let comment = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").ok_or_else(|| self.broken("a comment does not end"))? + 2
            } else {
                0
            };
            self.at += blanks + comment;
            if comment == 0 {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        if depth > MAX_DEPTH {
            return Err(self.broken("it is nested too deep"));
        }
        match self.next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let start = self.at;
                let value = Value::String(self.string()?);
                Ok(Node { at: start..self.at, members: None, value })
            }
            Some(_) => self.scalar(),
            None => Err(self.broken("it ends too early")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Broken> {
        let start = self.at;
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.skip()?;
            if self.next() == Some(b'}') {
                self.at += 1;
                break;
            }
            if members.last().is_some_and(|last| last.comma_end.is_none()) {
                return Err(self.broken("a comma is missing"));
            }
            if self.next() != Some(b'"') {
                return Err(self.broken("the name of a member should stand here"));
            }
            let key_at = self.at;
            let key = self.string()?;
            if members.iter().any(|member| member.key == key) {
                return Err(self.broken("a name stands twice in one object"));
            }
            self.skip()?;
            if self.next() != Some(b':') {
                return Err(self.broken("a colon is missing"));
            }
            self.at += 1;
            self.skip()?;
            let node = self.value(depth + 1)?;
            let comma_end = self.comma()?;
            members.push(Member { key, key_at, node, comma_end });
        }
        let value = members.iter().map(|member| (member.key.clone(), member.node.value.clone())).collect();
        Ok(Node { at: start..self.at, members: Some(members), value: Value::Object(value) })
    }

    fn array(&mut self, depth: usize) -> Result<Node, Broken> {
        let start = self.at;
        self.at += 1;
        let (mut items, mut goes_on) = (Vec::new(), true);
        loop {
            self.skip()?;
            if self.next() == Some(b']') {
                self.at += 1;
                break;
            }
            if !goes_on {
                return Err(self.broken("a comma is missing"));
            }
            items.push(self.value(depth + 1)?.value);
            goes_on = self.comma()?.is_some();
        }
        Ok(Node { at: start..self.at, members: None, value: Value::Array(items) })
    }

    /// Where the comma ends that comes next.
    fn comma(&mut self) -> Result<Option<usize>, Broken> {
        self.skip()?;
        if self.next() != Some(b',') {
            return Ok(None);
        }
        self.at += 1;
        Ok(Some(self.at))
    }

    fn string(&mut self) -> Result<String, Broken> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while bytes.get(end).is_some_and(|byte| *byte != b'"') {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let written = self.text.get(self.at..=end).ok_or_else(|| self.broken("a text does not end"))?;
        let text = serde_json::from_str(written).map_err(|_| self.broken("this is no text as JSON writes it"))?;
        self.at = end + 1;
        Ok(text)
    }

    fn scalar(&mut self) -> Result<Node, Broken> {
        let rest = self.rest();
        let length = rest.find([',', '}', ']', '/', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        let value = serde_json::from_str(&rest[..length]).map_err(|_| self.broken("a value should stand here"))?;
        let start = self.at;
        self.at += length;
        Ok(Node { at: start..self.at, members: None, value })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn with(text: &str) -> String {
        let edited = set(text, &["servers", "zen"], &json!({ "command": "zen" })).unwrap();
        assert_eq!(get(&edited, &["servers", "zen"]).unwrap(), Some(json!({ "command": "zen" })), "{edited}");
        assert_eq!(set(&edited, &["servers", "zen"], &json!({ "command": "zen" })).unwrap(), edited, "twice is once");
        edited
    }

    #[test]
    fn a_member_is_added_in_the_manner_of_the_file() {
        assert_eq!(with(""), "{\n  \"servers\": {\n    \"zen\": {\n      \"command\": \"zen\"\n    }\n  }\n}\n");
        assert_eq!(
            with("{\n\t// mine\n\t\"a\": 1, // one\n\t\"servers\": {\n\t\t\"x\": {} // other\n\t\t// end\n\t}\n}"),
            "{\n\t// mine\n\t\"a\": 1, // one\n\t\"servers\": {\n\t\t\"x\": {}, // other\n\t\t\"zen\": {\n\t\t\t\"command\": \
             \"zen\"\n\t\t}\n\t\t// end\n\t}\n}"
        );
        assert_eq!(
            with("{\r\n    \"servers\": {\r\n        \"x\": 1,\r\n    },\r\n}\r\n"),
            "{\r\n    \"servers\": {\r\n        \"x\": 1,\r\n        \"zen\": {\r\n            \"command\": \"zen\"\r\n        \
             },\r\n    },\r\n}\r\n"
        );
        assert_eq!(
            with("{\"a\": [1, /* , */ 2]}"),
            "{\"a\": [1, /* , */ 2], \"servers\": {\"zen\":{\"command\":\"zen\"}}}"
        );
        assert_eq!(
            with("{\n  \"servers\": {}\n}\n"),
            "{\n  \"servers\": {\n    \"zen\": {\n      \"command\": \"zen\"\n    }\n  }\n}\n"
        );
        assert!(with("{ // nothing yet\n}\n").starts_with("{ // nothing yet\n  \"servers\": {\n"));
    }

    #[test]
    fn a_value_is_replaced_and_its_neighbours_stay() {
        let text = "{ \"servers\": { \"zen\": { \"command\": \"old\", /* key */ \"env\": { \"A\": \"1\" } } } }";
        let edited = set(text, &["servers", "zen", "command"], &json!("new")).unwrap();
        assert_eq!(edited, text.replace("old", "new"));
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        for (text, line, what) in [
            ("{\n  \"a\": 1\n  \"b\": 2\n}", 3, "comma"),
            ("{\n  \"a\": \n}", 3, "value"),
            ("{ \"a\": \"x", 1, "does not end"),
            ("{} {}", 1, "behind the end"),
            ("{\"a\":1,\"a\":2}", 1, "twice"),
            ("{\n/* \n", 1, "comment"),
        ] {
            match set(text, &["servers", "zen"], &json!(1)) {
                Err(Broken::Syntax { line: at, what: said }) => {
                    assert!(at == line && said.contains(what), "{text}: {at} {said}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in ["[]", "{\"servers\": []}", "{\"servers\": 1}"] {
            assert!(matches!(set(text, &["servers", "zen"], &json!(1)), Err(Broken::Shape(_))), "{text}");
        }
        assert!(set(&"[".repeat(100_000), &["servers"], &json!(1)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_all_else_stays(text in "[{}\\[\\]:,\"a1/* \n\\\\é]{0,60}", other in "[a-zé\"\\\\]{0,8}") {
            let _ = set(&text, &["servers", "zen"], &json!(1));
            let whole = json!({ "other": { "deep": [other, 1.5, null] }, "servers": { "mine": true } });
            for text in [whole.to_string(), pretty(&whole, "\t")] {
                let edited: Value = serde_json::from_str(&set(&text, &["servers", "zen"], &json!(7)).unwrap()).unwrap();
                prop_assert_eq!(&edited["other"], &whole["other"]);
                prop_assert_eq!(&edited["servers"], &json!({ "mine": true, "zen": 7 }));
            }
        }
    }
}
