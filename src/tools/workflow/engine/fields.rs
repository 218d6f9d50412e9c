//! The fields that workflows share, in the same words everywhere.

use crate::tools::schema::{Field, Kind};

/// The five that every step has.
pub const STEP: [Field; 5] = [
    Field::required("step", Kind::Text, "Your narrative"),
    Field::required("step_number", Kind::Whole(1, u32::MAX), ""),
    Field::required("total_steps", Kind::Whole(1, u32::MAX), ""),
    Field::required("next_step_required", Kind::Flag, "false: conclude"),
    Field::required("findings", Kind::Text, "Evidence"),
];

pub const FILES_CHECKED: Field = Field::optional("files_checked", Kind::Texts, "");
pub const RELEVANT_FILES: Field = Field::optional("relevant_files", Kind::Texts, "Absolute; the expert reads them");
/// Where the first step must name some.
pub const FILES_TO_JUDGE: Field = RELEVANT_FILES.said("Absolute; needed at step 1; the expert reads them");
pub const RELEVANT_CONTEXT: Field = Field::optional("relevant_context", Kind::Texts, "Functions, classes");
pub const ISSUES_FOUND: Field = Field::optional("issues_found", Kind::Objects, "{severity, description}");
pub const HYPOTHESIS: Field = Field::optional("hypothesis", Kind::Text, "");

const CONFIDENCES: &[&str] = &["exploring", "low", "medium", "high", "very_high", "almost_certain", "certain"];
pub const CONFIDENCE: Field = Field::optional("confidence", Kind::Choice(CONFIDENCES), "");
/// Where `certain` ends it without an expert.
pub const CONFIDENCE_SKIPS: Field = CONFIDENCE.said("certain: no expert");

pub const USE_EXPERT: Field = Field::optional("use_assistant_model", Kind::Flag, "false: no expert");
/// Where it changes nothing, and is taken for the sake of older habits.
pub const USE_EXPERT_IGNORED: Field = Field::optional("use_assistant_model", Kind::Flag, "");

/// How the expert is asked.
pub const ASKING: [Field; 5] =
    [Field::TEMPERATURE, Field::THINKING_MODE, Field::CONTINUATION_ID, Field::IMAGES, Field::MODEL];

/// The severities by which issues can be sifted.
pub const SEVERITY_FILTER: Field =
    Field::choice("severity_filter", &["critical", "high", "medium", "low", "all"], "all", "");
