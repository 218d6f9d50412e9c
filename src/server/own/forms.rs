//! What a person is asked before a call that could not go on otherwise: which model is meant, and whether a folder may be
//! read. Without a client that can ask, or without an answer, the call fails as it always did.

use std::path::{Path, PathBuf};

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::file::root::Roots;
use crate::mcp::error::excerpt;
use crate::provider::{Category, NoModel};
use crate::server::asking::{Asking, Filled, Form, Stop};
use crate::thread::Principal;
use crate::tools::schema::{Field, Spec};

/// Where a call says which folder it is about.
const WORKING_DIRECTORY: &str = "working_directory_absolute_path";

/// The arguments, with a model that is served where the one they name is not and a person has chosen another.
pub async fn settle_model(
    engine: &Engine,
    spec: &Spec,
    arguments: Option<Box<RawValue>>,
    asking: &Asking,
) -> Result<Option<Box<RawValue>>, Stop> {
    let takes_model = spec.fields.iter().any(|field| field.name == Field::MODEL.name);
    let Some(mut named) = (asking.client.elicitation && takes_model).then(|| object(arguments.as_deref())).flatten()
    else {
        return Ok(arguments);
    };
    let Some(asked) = named.get(Field::MODEL.name).and_then(Value::as_str) else { return Ok(arguments) };
    let Err(no_model) = engine.models.choose(Some(asked), Category::Balanced) else { return Ok(arguments) };
    let choices = candidates(&no_model);
    if choices.is_empty() {
        return Ok(arguments);
    }
    let form = Form {
        message: format!("'{}' is no model that zen can ask. Which one is meant?", excerpt(asked)),
        schema: json!({
            "type": "object",
            "properties": { "model": { "type": "string", "title": "Model", "enum": choices } },
            "required": ["model"],
        }),
    };
    let Some(filled) = answered(asking.fill_in("model", form).await)? else { return Ok(arguments) };
    match filled.get("model").and_then(Value::as_str) {
        Some(chosen) if choices.iter().any(|choice| choice == chosen) => {
            named.insert(Field::MODEL.name.to_owned(), chosen.into());
            Ok(to_raw_value(&named).ok())
        }
        _ => Ok(arguments),
    }
}

/// Roots for this call alone, where none is open, the call names files and a person lets zen read their folder.
pub async fn open_folder(
    engine: &Engine,
    arguments: Option<&RawValue>,
    asking: &Asking,
) -> Result<Option<Roots>, Stop> {
    // Where nobody has to say who he is, whoever asks would be the one who answers.
    let may_ask = asking.client.elicitation && asking.principal != Principal::anyone();
    if !may_ask || engine.roots().none_open_reason().is_none() {
        return Ok(None);
    }
    let Some(folder) = object(arguments).as_ref().and_then(folder_of) else { return Ok(None) };
    // What is no fit root by itself becomes none by an answer either.
    let Ok(roots) = engine.roots().with(&folder) else { return Ok(None) };
    let form = Form {
        message: format!("No folder is open to zen. May it read {} for this call?", folder.display()),
        schema: json!({
            "type": "object",
            "properties": { "open": { "type": "boolean", "title": "Open the folder", "default": false } },
            "required": ["open"],
        }),
    };
    let filled = answered(asking.fill_in("open", form).await)?;
    Ok(filled.filter(|filled| filled.get("open") == Some(&Value::Bool(true))).map(|_| roots))
}

/// What a person filled in; None where the call goes on without it.
fn answered(filled: Result<Filled, Stop>) -> Result<Option<Map<String, Value>>, Stop> {
    match filled {
        Ok(Filled::In(filled)) => Ok(Some(filled)),
        Err(Stop::Needs(forms)) => Err(Stop::Needs(forms)),
        Ok(Filled::Declined | Filled::Dismissed) | Err(Stop::Refused(_)) => Ok(None),
    }
}

fn candidates(no_model: &NoModel) -> Vec<String> {
    let nearest = match no_model {
        NoModel::Unknown { nearest, is_default: false, .. } => nearest.clone(),
        NoModel::Unknown { .. } | NoModel::Forbidden { .. } | NoModel::SwitchedOff { .. } => Vec::new(),
        NoModel::NothingConfigured { .. } | NoModel::NothingDeclared { .. } | NoModel::NothingAllowed { .. } => {
            return Vec::new();
        }
    };
    let mut choices = nearest;
    if let Some(suggested) = no_model.suggested().filter(|suggested| !choices.iter().any(|choice| choice == suggested))
    {
        choices.push(suggested.to_owned());
    }
    choices
}

fn object(arguments: Option<&RawValue>) -> Option<Map<String, Value>> {
    serde_json::from_str(arguments?.get()).ok()
}

/// The folder that a call with files is about.
fn folder_of(arguments: &Map<String, Value>) -> Option<PathBuf> {
    let absolute = |value: &Value| value.as_str().map(PathBuf::from).filter(|path| path.is_absolute());
    let first = arguments.values().filter_map(Value::as_array).flatten().find_map(absolute)?;
    let said = arguments.get(WORKING_DIRECTORY).and_then(absolute);
    let folder =
        said.or_else(|| if first.is_dir() { Some(first.clone()) } else { first.parent().map(Path::to_owned) })?;
    folder.is_dir().then_some(folder)
}
