//! The keys of the providers, drawn up from the data of each.

use super::draft::ProviderDraft;
use super::field::{At, Field};
use super::key::{Key, Unit};
use super::shipped::{PROVIDERS, Shipped};

/// The keys of every provider, in the order in which providers are asked.
pub fn keys() -> impl Iterator<Item = Key> {
    PROVIDERS.iter().enumerate().flat_map(|(position, provider)| of(position, provider))
}

fn of(position: usize, provider: &'static Shipped) -> Vec<Key> {
    let key = |leaf: &str, field: Field, sentence: &'static str| {
        // Once for each key of the process, as long as the process.
        let name: &'static str = format!("providers.{}.{leaf}", provider.id).leak();
        Key { provider: Some(position), ..Key::new(name, field, sentence) }
    };
    let mut keys = vec![
        or(
            key(
                "base_url",
                Field::BaseUrl(|d| &mut d.provider().base_url),
                "Where the provider is asked, instead of at its own address.",
            ),
            &provider.base_url_variable,
        ),
        or(
            key(
                "models",
                Field::Texts(|d| &mut d.provider().models),
                "Models to offer beside those of the catalogue; `name=deployment` where it is called otherwise there.",
            ),
            &provider.models_variable,
        ),
        or(
            key(
                "allowed",
                Field::Texts(|d| &mut d.provider().allowed),
                "The only models that may be asked there, by name or alias; empty allows all.",
            ),
            &provider.allowed_variables,
        ),
        or(
            key(
                "models_file",
                Field::Path(|d| &mut d.provider().models_file),
                "A list of its models in the older server's JSON, on top of the catalogue.",
            ),
            &provider.models_file_variable,
        ),
        key(
            "key_env",
            Field::KeyVariable(|d| &mut d.provider().key_env),
            "The environment variable that holds the provider's key.",
        ),
    ];
    let optional = optional(provider).into_iter().filter(|(variable, ..)| variable.is_some());
    keys.extend(optional.map(|(variable, leaf, at, sentence)| or(key(leaf, Field::Text(at), sentence), variable)));
    keys
}

/// The variable, the name, the place and the sentence of what only some providers have.
type Optional<'a> = (&'a Option<String>, &'static str, At<String>, &'static str);

fn optional(provider: &Shipped) -> [Optional<'_>; 3] {
    [
        (
            &provider.api_version_variable,
            "api_version",
            |d| &mut d.provider().api_version,
            "The dated version of the provider's interface; empty for its own default.",
        ),
        (
            &provider.referer_variable,
            "referer",
            |d| &mut d.provider().referer,
            "The web page that requests go by there; empty for zen's own.",
        ),
        (
            &provider.title_variable,
            "title",
            |d| &mut d.provider().title,
            "The name of the program that requests go by there; empty for zen's own.",
        ),
    ]
}

fn or(key: Key, variables: impl IntoIterator<Item = &'static String>) -> Key {
    variables.into_iter().fold(key, |key, variable| key.or(variable, Unit::Same))
}

impl ProviderDraft {
    /// How it is spoken of: `openai`, or the name that the user gave it.
    pub fn id(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| PROVIDERS.get(self.kind).map_or("", |provider| &provider.id))
    }

    /// The table of the config file that its keys stand in.
    pub fn section(&self) -> String {
        let kind = PROVIDERS.get(self.kind).map_or("", |provider| provider.id.as_str());
        self.name.as_ref().map_or_else(|| format!("providers.{kind}"), |name| format!("providers.{kind}.{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::Draft;
    use super::super::key::find;
    use super::super::value::Given;
    use super::*;

    #[test]
    fn the_keys_of_a_provider_stand_at_its_place() {
        for (position, provider) in PROVIDERS.iter().enumerate() {
            let mut draft = Draft::default();
            let key = find(&format!("providers.{}.key_env", provider.id)).expect("listed");
            key.set(&mut draft, None, &Given::Typed("MY_KEY".into()), None).expect("a name");
            assert_eq!(
                (draft.providers[position].key_env.as_str(), draft.providers[position].id()),
                ("MY_KEY", &*provider.id)
            );
        }
    }

    #[test]
    fn another_endpoint_of_a_kind_has_values_of_its_own() {
        let mut draft = Draft::default();
        let key = find("providers.custom.models").expect("listed");
        key.set(&mut draft, Some("lab"), &Given::Typed("a,b".into()), None).expect("a list");
        key.set(&mut draft, None, &Given::Typed("c".into()), None).expect("a list");
        let named = draft.providers.last().expect("one");
        assert_eq!((named.id(), named.section().as_str()), ("lab", "providers.custom.lab"));
        assert_eq!(
            (named.models.as_slice(), named.key_env.as_str()),
            (["a".to_owned(), "b".to_owned()].as_slice(), "")
        );
        assert_eq!(key.show(&mut draft), r#"["c"]"#);
    }
}
