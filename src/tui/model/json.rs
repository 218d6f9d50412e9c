//! Lays JSON out for reading without decoding it: order, numbers and escapes stay as they came.

use serde::de::IgnoredAny;

const INDENT: &str = "  ";
/// Deeper nesting is not indented further.
const MAX_DEPTH: usize = 40;

/// The text in lines, or None where it is not JSON. Of a text that was `cut` only the beginning is looked at.
pub fn indented(text: &str, cut: bool) -> Option<String> {
    let json = if cut { text.starts_with(['{', '[']) } else { serde_json::from_str::<IgnoredAny>(text).is_ok() };
    json.then(|| lay_out(text))
}

/// The text on one line, without the blanks between its values. What is no JSON comes out as something else.
pub fn compact(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let kept = |character: &char| {
        if quoted {
            quoted = escaped || *character != '"';
            escaped = !escaped && *character == '\\';
            return true;
        }
        quoted = *character == '"';
        !matches!(character, ' ' | '\n' | '\r' | '\t')
    };
    text.chars().filter(kept).collect()
}

fn lay_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut characters = text.chars().filter(|character| *character != '\n').peekable();
    while let Some(character) = characters.next() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            ' ' => {}
            '"' => {
                quoted = true;
                out.push('"');
            }
            '{' | '[' => {
                while characters.next_if_eq(&' ').is_some() {}
                out.push(character);
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => out.push(close),
                    None => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push(character),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth.min(MAX_DEPTH) {
        out.push_str(INDENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_it_came() {
        let text = r#"{"b":1.50,"a":["x, {y}","\"q\\"],"e":{},"f":[ ]}"#;
        let laid_out =
            "{\n  \"b\": 1.50,\n  \"a\": [\n    \"x, {y}\",\n    \"\\\"q\\\\\"\n  ],\n  \"e\": {},\n  \"f\": []\n}";
        assert_eq!(indented(text, false).as_deref(), Some(laid_out));
    }

    #[test]
    fn json_is_put_on_one_line_as_it_came() {
        let text = r#"{"b":1.50,"a":["x, {y}","\"q \\"],"e":{},"f":[]}"#;
        assert_eq!(compact(&indented(text, false).unwrap().replace('\n', "\r\n\t")), text);
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        assert_eq!(indented("{ not json", false), None);
        assert_eq!(indented("Content-Length: 3", true), None);
    }

    #[test]
    fn the_beginning_of_json_is_laid_out_too() {
        assert_eq!(indented(r#"{"a":[1,"tex"#, true).as_deref(), Some("{\n  \"a\": [\n    1,\n    \"tex"));
    }
}
