//! What an argument of a prompt, or of a resource's URI, may become: models that are served, the principal's own threads,
//! the choices of a field.

use super::{prompts, resources};
use crate::engine::Engine;
use crate::id::ThreadId;
use crate::mcp::error::{RpcError, excerpt};
use crate::mcp::schema::Reference;
use crate::thread::Principal;
use crate::tools::schema::Field;

/// Values that fit what is written so far, the likeliest first.
pub fn complete(
    engine: &Engine,
    of: &Reference,
    argument: &str,
    so_far: &str,
    principal: &Principal,
) -> Result<Vec<String>, RpcError> {
    match of {
        Reference::Resource { uri } if uri == resources::THREAD_TEMPLATE && argument == "id" => {
            Ok(threads(engine, so_far, principal))
        }
        Reference::Resource { uri } => {
            Err(RpcError::invalid_params(format!("'{}' takes no such argument", excerpt(uri))))
        }
        Reference::Prompt { name } => {
            let prompt = prompts::find(engine, name)?;
            let choices = prompt.choices(argument).ok_or_else(|| {
                RpcError::invalid_params(format!(
                    "the prompt {} has no argument `{}`",
                    excerpt(name),
                    excerpt(argument)
                ))
            })?;
            if argument == Field::MODEL.name {
                return Ok(models(engine, so_far));
            }
            if argument == Field::CONTINUATION_ID.name {
                return Ok(threads(engine, so_far, principal));
            }
            Ok(choices.iter().filter(|choice| choice.starts_with(so_far)).map(|choice| (*choice).to_owned()).collect())
        }
    }
}

/// Names first, best model first, then aliases; those that begin so before those that hold it.
fn models(engine: &Engine, so_far: &str) -> Vec<String> {
    let wanted = so_far.to_lowercase();
    let offered = engine.models.offered();
    let ids = offered.iter().map(|offer| offer.model.id.as_str());
    let aliases = offered.iter().flat_map(|offer| offer.model.aliases.iter().map(|alias| alias.as_str()));
    let mut names: Vec<String> = Vec::new();
    for name in ["auto"].into_iter().chain(ids).chain(aliases) {
        if name.to_lowercase().contains(&wanted) && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.sort_by_key(|name| !name.to_lowercase().starts_with(&wanted));
    names
}

/// The ids of threads, found by the beginning of the id or by words of the title.
fn threads(engine: &Engine, so_far: &str, principal: &Principal) -> Vec<String> {
    let wanted = so_far.to_lowercase();
    let fits =
        |id: &ThreadId, title: &str| id.to_string().starts_with(&wanted) || title.to_lowercase().contains(&wanted);
    let threads = resources::titles(engine, principal);
    threads.into_iter().filter(|(id, title)| fits(id, title)).map(|(id, _)| id.to_string()).collect()
}
