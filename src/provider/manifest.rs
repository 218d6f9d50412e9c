//! The older server's lists of models: JSON with a field `models`, put into the words of zen's own files. What zen has no
//! use for is left out, and a field that nobody knows is told of.

use serde_json::{Map, Value};
use toml::Table;

use crate::provider::catalogue::BadCatalogue;
use crate::text::nearest::nearest;

/// Fields that are read below.
const READ: [&str; 16] = [
    "model_name",
    "friendly_name",
    "aliases",
    "intelligence_score",
    "description",
    "context_window",
    "max_output_tokens",
    "max_thinking_tokens",
    "supports_extended_thinking",
    "supports_images",
    "max_image_size_mb",
    "supports_temperature",
    "temperature_constraint",
    "use_openai_response_api",
    "default_reasoning_effort",
    "allow_code_generation",
];
/// The deployment of an Azure model, and fields of which nothing follows for zen.
const OTHERS: [&str; 6] = [
    "deployment",
    "supports_system_prompts",
    "supports_streaming",
    "supports_function_calling",
    "supports_json_mode",
    "max_tokens",
];

const DEFAULT_IMAGE_MB: u64 = 20;

/// The list's entries as `[[model]]` tables. `budgets`: whether thinking is measured in tokens there.
///
/// # Errors
/// It is no such list, or an entry has no name.
pub(super) fn entries(
    file: &str,
    text: &str,
    budgets: bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<Table>, BadCatalogue> {
    let bad = |problem: &str| BadCatalogue::new(file, None, problem);
    let list: Value = serde_json::from_str(text).map_err(|error| bad(&format!("no JSON ({error})")))?;
    let models = list["models"].as_array().ok_or_else(|| bad("it has no list `models`"))?;
    models
        .iter()
        .map(|model| {
            let model = model.as_object().ok_or_else(|| bad("an entry of `models` is no object"))?;
            let name = model.get("model_name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
            let name = name.ok_or_else(|| bad("an entry has no `model_name`"))?;
            for unknown in model.keys().filter(|field| !is_known(field)) {
                let near = nearest(unknown, READ).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                warnings.push(format!("{file}, '{name}': `{unknown}` is not known and left out{near}"));
            }
            Ok(entry(file, name, model, budgets, warnings))
        })
        .collect()
}

fn is_known(field: &str) -> bool {
    field.starts_with('_') || READ.contains(&field) || OTHERS.contains(&field)
}

fn entry(file: &str, name: &str, model: &Map<String, Value>, budgets: bool, warnings: &mut Vec<String>) -> Table {
    let mut table = Table::new();
    table.insert("id".to_owned(), name.into());
    let copied = [
        ("friendly_name", "title"),
        ("aliases", "aliases"),
        ("description", "description"),
        ("context_window", "context_window"),
        ("max_output_tokens", "max_output"),
        ("supports_extended_thinking", "thinking"),
        ("allow_code_generation", "code_generation"),
        ("deployment", "deployment"),
    ];
    for (from, to) in copied {
        let value = model.get(from).filter(|value| !value.is_null() && value.as_u64() != Some(0));
        if let Some(value) = value.and_then(|value| toml::Value::try_from(value).ok()) {
            table.insert(to.to_owned(), value);
        }
    }
    if let Some(score) = model.get("intelligence_score").and_then(Value::as_i64) {
        let within = score.clamp(1, 20);
        if within != score {
            warnings.push(format!("{file}, '{name}': a score of {score} is outside 1 to 20 and counts as {within}"));
        }
        table.insert("score".to_owned(), within.into());
    }
    if let Some(images) = model.get("supports_images").and_then(Value::as_bool) {
        let size = model.get("max_image_size_mb").and_then(Value::as_f64).filter(|size| *size >= 1.0);
        let megabytes = size.map_or(DEFAULT_IMAGE_MB, |size| size as u64);
        table.insert("images".to_owned(), images.into());
        table.insert("max_image_mb".to_owned(), (if images { megabytes as i64 } else { 0 }).into());
    }
    if let Some(temperature) = temperature(model) {
        table.insert("temperature".to_owned(), temperature);
    }
    if let Some(efforts) = efforts(model, budgets) {
        table.insert("efforts".to_owned(), efforts);
    }
    if model.get("use_openai_response_api").and_then(Value::as_bool) == Some(true) {
        table.insert("wire".to_owned(), "responses".into());
    }
    table
}

fn temperature(model: &Map<String, Value>) -> Option<toml::Value> {
    if model.get("supports_temperature").and_then(Value::as_bool) == Some(false) {
        return Some("unsupported".into());
    }
    let constraint = model.get("temperature_constraint").and_then(Value::as_str)?;
    (constraint == "fixed").then(|| Table::from_iter([("fixed".to_owned(), 1.0.into())]).into())
}

fn efforts(model: &Map<String, Value>, budgets: bool) -> Option<toml::Value> {
    let table = |wire: &str, steps: &[&str]| {
        let steps: toml::Value = steps.iter().map(|step| toml::Value::from(*step)).collect::<Vec<_>>().into();
        Table::from_iter([("wire".to_owned(), wire.into()), ("steps".to_owned(), steps)])
    };
    let thinking = model.get("max_thinking_tokens").and_then(Value::as_i64).filter(|tokens| *tokens > 0);
    match (budgets, thinking, model.get("default_reasoning_effort").and_then(Value::as_str)) {
        (true, Some(tokens), _) => {
            let mut efforts = table("thinking_budget", &["minimal", "low", "medium", "high", "max"]);
            efforts.insert("max_thinking".to_owned(), tokens.into());
            Some(efforts.into())
        }
        (false, _, Some(_)) => Some(table("reasoning_effort", &["low", "medium", "high"]).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::entry::Draft;
    use crate::provider::model::{EffortWire, Temperature};
    use crate::provider::overlay::{Layer, Trust};
    use crate::provider::wire::Wire;

    #[test]
    fn an_older_list_is_put_into_our_words() {
        let json = r#"{"_README": {}, "models": [{"model_name": "m", "friendly_name": "M", "aliases": ["em"],
            "intelligence_score": 85, "context_window": 1000, "max_output_tokens": 10, "supports_images": true,
            "max_image_size_mb": 5.0, "temperature_constraint": "fixed", "use_openai_response_api": true,
            "default_reasoning_effort": "high", "supports_json_mode": true, "deployment": "prod", "colour": 1}]}"#;
        let mut warnings = Vec::new();
        let entries = entries("f.json", json, false, &mut warnings).unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let mut draft = Draft::shipped("", "").unwrap();
        draft.add(&Layer::new("f.json", "azure", Trust::Older, entries)).unwrap();
        let models = draft.finish(Wire::ChatCompletions).unwrap();
        let model = &models[0];
        assert_eq!(
            (model.title.as_str(), model.score, model.sent_as(), model.wire),
            ("M", 20, "prod", Wire::Responses)
        );
        assert_eq!((model.temperature, model.max_image_bytes), (Temperature::Fixed(1.0), 5 << 20));
        assert_eq!(model.efforts.as_ref().unwrap().wire, EffortWire::ReasoningEffort);
    }

    #[test]
    fn a_budget_of_thinking_is_read_where_there_are_budgets() {
        let json = r#"{"models": [{"model_name": "m", "max_thinking_tokens": 24576}]}"#;
        let entries = entries("f.json", json, true, &mut Vec::new()).unwrap();
        assert_eq!(entries[0]["efforts"]["max_thinking"].as_integer(), Some(24_576));
    }

    #[test]
    fn what_is_no_such_list_is_refused() {
        for bad in ["", "[]", "{}", r#"{"models": [1]}"#, r#"{"models": [{}]}"#] {
            assert!(entries("f.json", bad, false, &mut Vec::new()).is_err(), "{bad}");
        }
    }
}
