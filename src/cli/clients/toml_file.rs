//! A server in Codex's config file, which is TOML.

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::Broken;

const SERVERS: &str = "mcp_servers";

fn parse(text: &str) -> Result<DocumentMut, Broken> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Broken::Syntax { line: before.matches('\n').count() + 1, what: error.message().to_owned() }
    })
}

/// The server of this name: its texts, lists of texts and numbers.
pub fn get(text: &str, name: &str) -> Result<Option<Value>, Broken> {
    let document = parse(text)?;
    let Some(servers) = document.get(SERVERS) else { return Ok(None) };
    let servers = servers.as_table_like().ok_or_else(|| Broken::Shape(SERVERS.to_owned()))?;
    let Some(server) = servers.get(name) else { return Ok(None) };
    let server = server.as_table_like().ok_or_else(|| Broken::Shape(name.to_owned()))?;
    Ok(Some(Value::Object(server.iter().filter_map(|(key, item)| Some((key.to_owned(), plain(item)?))).collect())))
}

/// The text with these values in the server of this name.
pub fn set(text: &str, name: &str, entry: &Map<String, Value>) -> Result<String, Broken> {
    let mut document = parse(text)?;
    let mut servers = Table::new();
    servers.set_implicit(true);
    let servers = document.entry(SERVERS).or_insert(Item::Table(servers));
    let servers = servers.as_table_like_mut().ok_or_else(|| Broken::Shape(SERVERS.to_owned()))?;
    let server = servers.entry(name).or_insert(Item::Table(Table::new()));
    let server: &mut dyn TableLike = server.as_table_like_mut().ok_or_else(|| Broken::Shape(name.to_owned()))?;
    for (key, wanted) in entry {
        // What is as it should be stays as it is written.
        if server.get(key).and_then(plain).as_ref() != Some(wanted) {
            server.insert(key, written(wanted));
        }
    }
    Ok(document.to_string())
}

fn plain(item: &Item) -> Option<Value> {
    if let Some(items) = item.as_array() {
        return items.iter().map(|item| item.as_str().map(Value::from)).collect::<Option<Vec<_>>>().map(Value::Array);
    }
    item.as_str().map(Value::from).or_else(|| item.as_integer().map(Value::from))
}

fn written(wanted: &Value) -> Item {
    match wanted {
        Value::Array(items) => value(items.iter().filter_map(Value::as_str).collect::<Array>()),
        Value::Number(number) => value(number.as_i64().unwrap_or_default()),
        other => value(other.as_str().unwrap_or_default()),
    }
}
