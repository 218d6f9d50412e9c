//! A model as it stands in a file: read, laid over what a lower file says of it, and checked, so that what follows can
//! believe it.

use std::collections::HashMap;

use serde::Deserialize;
use toml::Table;

use crate::id::ModelId;
use crate::provider::catalogue::BadCatalogue;
use crate::provider::effort::Effort;
use crate::provider::model::{EffortWire, Efforts, Model, Temperature};
use crate::provider::overlay::{Layer, Trust};
use crate::provider::price::{PriceEntry, Prices};
use crate::provider::wire::Wire;
use crate::text::nearest::nearest;
use crate::unit::Tokens;

/// What an entry may hold; `provider` is asked for where a file is about several.
pub(super) const FIELDS: [&str; 20] = [
    "id",
    "provider",
    "title",
    "aliases",
    "description",
    "context_window",
    "max_output",
    "score",
    "fast",
    "specialist",
    "offered",
    "images",
    "max_image_mb",
    "thinking",
    "code_generation",
    "temperature",
    "efforts",
    "wire",
    "deployment",
    "prices",
];

/// A score where a file names none.
const PLAIN_SCORE: u8 = 10;

/// The entries of one provider while files are laid over each other.
pub(super) struct Draft {
    entries: Vec<Drafted>,
    /// How many of the first are the user's own.
    own: usize,
}

struct Drafted {
    /// The file that spoke last.
    file: String,
    trust: Trust,
    table: Table,
}

impl Draft {
    /// The entries that zen ships with.
    pub fn shipped(file: &str, text: &str) -> Result<Self, BadCatalogue> {
        let entries = tables(file, text)?.into_iter().map(|table| {
            check_fields(file, &table)?;
            Ok(Drafted { file: file.to_owned(), trust: Trust::Whole, table })
        });
        Ok(Self { entries: entries.collect::<Result<_, _>>()?, own: 0 })
    }

    /// Lays entries over those of the same id, and puts the others before them all.
    pub fn add(&mut self, layer: &Layer) -> Result<(), BadCatalogue> {
        for table in &layer.entries {
            let id = id_of(table).unwrap_or_default();
            let known = self
                .entries
                .iter()
                .position(|known| id_of(&known.table).is_some_and(|known| known.eq_ignore_ascii_case(id)));
            let drafted = Drafted { file: layer.file.clone(), trust: layer.trust, table: table.clone() };
            match known {
                Some(at) => self.entries[at].lay_over(drafted),
                // A hint cannot take a name away from a model that has it.
                None if layer.trust == Trust::Hint => {
                    if !self.entries.iter().any(|known| has_alias(&known.table, id)) {
                        self.entries.push(drafted);
                    }
                }
                None => {
                    self.entries.insert(self.own, drafted);
                    self.own += 1;
                }
            }
        }
        Ok(())
    }

    /// The models, every name of them the name of one alone.
    pub fn finish(self, wire: Wire) -> Result<Vec<Model>, BadCatalogue> {
        let mut names = Names::default();
        let mut models = Vec::with_capacity(self.entries.len());
        for Drafted { file, trust, table } in self.entries {
            let id = id_of(&table).map(str::to_owned);
            let read = table.try_into::<Entry>().map_err(|error| error.message().to_owned());
            let model = match read.and_then(|entry| entry.checked(wire)) {
                Ok(model) => model,
                Err(_) if trust == Trust::Hint => continue,
                Err(problem) => return Err(BadCatalogue::new(&file, id, &problem)),
            };
            models.push(names.take(model, &file)?);
        }
        Ok(models)
    }
}

/// The models of a file over which nothing lies, without the detour of a draft: most are read so at every start.
pub(super) fn alone(file: &str, text: &str, wire: Wire) -> Result<Vec<Model>, BadCatalogue> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        #[serde(default)]
        model: Vec<Entry>,
    }
    let Whole { model } =
        toml::from_str(text).map_err(|error| BadCatalogue::new(file, None, &located(&error, text)))?;
    let mut names = Names::default();
    let checked = model.into_iter().map(|entry| {
        let id = entry.id.to_string();
        let model = entry.checked(wire).map_err(|problem| BadCatalogue::new(file, Some(id), &problem))?;
        names.take(model, file)
    });
    checked.collect()
}

/// Whose each name is.
#[derive(Default)]
struct Names(HashMap<String, ModelId>);

impl Names {
    /// The model, unless another one has a name of it.
    fn take(&mut self, model: Model, file: &str) -> Result<Model, BadCatalogue> {
        for name in model.names() {
            let other = self.0.insert(name.to_ascii_lowercase(), model.id.clone());
            if let Some(other) = other.filter(|other| *other != model.id) {
                let problem = format!("the name '{name}' belongs to '{other}' already: name one of them otherwise");
                return Err(BadCatalogue::new(file, Some(model.id.to_string()), &problem));
            }
        }
        Ok(model)
    }
}

impl Drafted {
    fn lay_over(&mut self, upper: Self) {
        for (field, value) in upper.table {
            // The older server's lists know nothing of how an effort is said on the wire.
            if upper.trust == Trust::Older && field == "efforts" && self.table.contains_key(&field) {
                continue;
            }
            self.table.insert(field, value);
        }
        if upper.trust != Trust::Hint {
            (self.file, self.trust) = (upper.file, upper.trust);
        }
    }
}

/// The entries of a file in TOML.
pub(super) fn tables(file: &str, text: &str) -> Result<Vec<Table>, BadCatalogue> {
    let mut whole: Table =
        toml::from_str(text).map_err(|error| BadCatalogue::new(file, None, &located(&error, text)))?;
    let models = whole.remove("model");
    if let Some(other) = whole.keys().next() {
        let problem = format!("there is nothing but [[model]] in such a file, and no `{other}`");
        return Err(BadCatalogue::new(file, None, &problem));
    }
    let no_list = || BadCatalogue::new(file, None, "models are written as [[model]]");
    match models {
        None => Ok(Vec::new()),
        Some(toml::Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                toml::Value::Table(table) => Ok(table),
                _ => Err(no_list()),
            })
            .collect(),
        Some(_) => Err(no_list()),
    }
}

/// Refuses a field that no model has.
pub(super) fn check_fields(file: &str, table: &Table) -> Result<(), BadCatalogue> {
    let id = id_of(table).map(str::to_owned);
    if id.as_ref().is_none_or(|id| id.trim().is_empty()) {
        return Err(BadCatalogue::new(file, None, "a model has no id"));
    }
    match table.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let near = nearest(unknown, FIELDS).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(BadCatalogue::new(file, id, &format!("no such field: `{unknown}`{near}")))
        }
    }
}

pub(super) fn id_of(table: &Table) -> Option<&str> {
    table.get("id")?.as_str()
}

fn has_alias(table: &Table, name: &str) -> bool {
    let aliases = table.get("aliases").and_then(toml::Value::as_array).into_iter().flatten();
    aliases.filter_map(toml::Value::as_str).any(|alias| alias.eq_ignore_ascii_case(name))
}

fn located(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    line.map_or_else(|| error.message().to_owned(), |line| format!("line {line}: {}", error.message()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: ModelId,
    #[serde(rename = "provider")]
    _provider: Option<String>,
    title: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    description: String,
    context_window: Tokens,
    max_output: Option<Tokens>,
    score: Option<u8>,
    #[serde(default)]
    fast: bool,
    #[serde(default)]
    specialist: bool,
    offered: Option<bool>,
    #[serde(default)]
    images: bool,
    #[serde(default)]
    max_image_mb: u64,
    #[serde(default)]
    thinking: bool,
    #[serde(default)]
    code_generation: bool,
    temperature: Option<TemperatureEntry>,
    efforts: Option<EffortsEntry>,
    wire: Option<Wire>,
    deployment: Option<String>,
    prices: Option<PriceEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum TemperatureEntry {
    Range([f64; 2]),
    Fixed(f64),
    Unsupported,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffortsEntry {
    wire: EffortWireEntry,
    steps: Vec<Effort>,
    max_thinking: Option<Tokens>,
    min_thinking: Option<Tokens>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffortWireEntry {
    ReasoningEffort,
    ThinkingBudget,
    ThinkingLevel,
}

impl Entry {
    fn checked(self, provider_wire: Wire) -> Result<Model, String> {
        let score = self.score.unwrap_or(PLAIN_SCORE);
        if !(1..=20).contains(&score) {
            return Err(format!("score = {score} is outside 1 to 20"));
        }
        if self.context_window == Tokens::ZERO {
            return Err("context_window is 0".to_owned());
        }
        if self.images != (self.max_image_mb > 0) {
            return Err("images and max_image_mb go together".to_owned());
        }
        let temperature = match self.temperature {
            None => Temperature::default(),
            Some(TemperatureEntry::Range([min, max])) if min <= max => Temperature::Range { min, max },
            Some(TemperatureEntry::Range(_)) => return Err("the range of temperature is empty".to_owned()),
            Some(TemperatureEntry::Fixed(value)) => Temperature::Fixed(value),
            Some(TemperatureEntry::Unsupported) => Temperature::Unsupported,
        };
        let wire = self.wire.unwrap_or(provider_wire);
        Ok(Model {
            title: self.title.unwrap_or_else(|| self.id.to_string()),
            id: self.id,
            aliases: self.aliases,
            description: self.description,
            context_window: self.context_window,
            max_output: self.max_output,
            score,
            fast: self.fast,
            images: self.images,
            max_image_bytes: self.max_image_mb << 20,
            thinking: self.thinking,
            code_generation: self.code_generation,
            temperature,
            efforts: self.efforts.map(|efforts| efforts.checked(wire)).transpose()?,
            wire,
            deployment: self.deployment,
            specialist: self.specialist,
            offered: self.offered.unwrap_or(true),
            prices: self.prices.map(Prices::try_from).transpose()?,
        })
    }
}

impl EffortsEntry {
    fn checked(self, format: Wire) -> Result<Efforts, String> {
        if self.steps.is_empty() || !self.steps.is_sorted_by(|lower, higher| lower < higher) {
            return Err("the steps of efforts are to ascend, and there is to be at least one".to_owned());
        }
        let wire = match (self.wire, self.max_thinking, format) {
            (EffortWireEntry::ReasoningEffort, None, Wire::ChatCompletions | Wire::Responses) => {
                EffortWire::ReasoningEffort
            }
            (EffortWireEntry::ThinkingLevel, None, Wire::Gemini) => EffortWire::ThinkingLevel,
            (EffortWireEntry::ThinkingBudget, Some(max), Wire::Gemini) => {
                let min = self.min_thinking.unwrap_or(Tokens::ZERO);
                if min > max {
                    return Err("min_thinking is above max_thinking".to_owned());
                }
                EffortWire::ThinkingBudget { min, max }
            }
            (EffortWireEntry::ThinkingBudget, None, _) => return Err("a thinking_budget needs max_thinking".to_owned()),
            _ => return Err("its efforts do not go on its wire format".to_owned()),
        };
        Ok(Efforts { steps: self.steps, wire })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shipped::FILES;

    const GOOD: &str = "[[model]]\nid = \"m-1\"\ntitle = \"M\"\naliases = [\"em\"]\ncontext_window = 10\nscore = 5\n";

    fn read(text: &str) -> Result<Vec<Model>, BadCatalogue> {
        Draft::shipped("f.toml", text)?.finish(Wire::ChatCompletions)
    }

    #[test]
    fn a_file_reads_the_same_with_and_without_a_draft() {
        for files in FILES {
            let (file, text) = files.models;
            for wire in [Wire::ChatCompletions, Wire::Gemini] {
                let drafted = Draft::shipped(file, text).and_then(|draft| draft.finish(wire));
                assert_eq!(format!("{:?}", alone(file, text, wire)), format!("{drafted:?}"), "{file}");
            }
        }
        let taken = format!("{GOOD}{}", GOOD.replace("m-1", "m-2").replace("\"em\"", "\"EM\""));
        assert_eq!(alone("f.toml", &taken, Wire::ChatCompletions).unwrap_err(), read(&taken).unwrap_err());
    }

    fn refusal(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    fn layered(upper: &str, trust: Trust) -> Result<Vec<Model>, BadCatalogue> {
        let mut draft = Draft::shipped("f.toml", GOOD)?;
        draft.add(&Layer::new("u.toml", "openai", trust, tables("u.toml", upper)?))?;
        draft.finish(Wire::ChatCompletions)
    }

    #[test]
    fn a_bad_entry_is_refused_by_file_and_name() {
        assert_eq!(refusal(&GOOD.replace("= 5", "= 21")), "f.toml, 'm-1': score = 21 is outside 1 to 20");
        let near = refusal(&format!("{GOOD}contxt_window = 1\n"));
        assert_eq!(near, "f.toml, 'm-1': no such field: `contxt_window`; did you mean `context_window`?");
        let twice = format!("{GOOD}{}", GOOD.replace("m-1", "m-2").replace("\"em\"", "\"EM\""));
        assert!(refusal(&twice).starts_with("f.toml, 'm-2': the name 'EM' belongs to 'm-1' already"));
        let level = format!("{GOOD}efforts = {{ wire = \"thinking_level\", steps = [\"low\"] }}\n");
        assert_eq!(refusal(&level), "f.toml, 'm-1': its efforts do not go on its wire format");
        let order = format!("{GOOD}efforts = {{ wire = \"reasoning_effort\", steps = [\"low\", \"low\"] }}\n");
        assert!(refusal(&order).contains("ascend"));
        let undated = format!("{GOOD}prices = {{ input = 1.25, page = \"p\" }}\n");
        assert!(refusal(&undated).contains("date"), "{}", refusal(&undated));
        assert!(refusal("model = 3").contains("[[model]]") && refusal("[[modle]]").contains("`modle`"));
        assert!(refusal("\n[[model]\n").starts_with("f.toml: line 2: "));
    }

    #[test]
    fn every_field_that_is_let_through_is_known() {
        for field in FIELDS.into_iter().filter(|field| *field != "id") {
            let entry = format!("[[model]]\nid = \"x\"\n{field} = []\n");
            assert!(!read(&entry).map_or_else(|error| error.problem, |_| String::new()).contains("unknown"), "{field}");
        }
    }

    #[test]
    fn an_upper_file_changes_what_it_names_and_adds_what_is_new() {
        let upper = "[[model]]\nid = \"M-1\"\nscore = 7\n[[model]]\nid = \"new\"\ncontext_window = 5\n";
        let models = layered(upper, Trust::Whole).unwrap();
        assert_eq!(
            models.iter().map(|model| (model.title.as_str(), model.score)).collect::<Vec<_>>(),
            [("new", 10), ("M", 7)]
        );
        let taken = "[[model]]\nid = \"new\"\naliases = [\"em\"]\ncontext_window = 5\n";
        let refused = layered(taken, Trust::Whole).unwrap_err();
        assert_eq!((refused.file.as_str(), refused.entry.as_deref()), ("f.toml", Some("m-1")));
        let bad = layered("[[model]]\nid = \"m-1\"\nscore = 99\n", Trust::Whole).unwrap_err();
        assert_eq!(bad.file, "u.toml");
    }

    #[test]
    fn a_hint_takes_no_name_and_stops_nothing() {
        let upper = "[[model]]\nid = \"em\"\ncontext_window = 5\n[[model]]\nid = \"odd\"\n[[model]]\nid = \"z\"\ncontext_window = 5\n";
        let models = layered(upper, Trust::Hint).unwrap();
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["m-1", "z"]);
    }
}
