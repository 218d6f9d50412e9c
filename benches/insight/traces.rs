//! Makes traces of steps from the texts, by a seed: the same seed makes the same traces. What happens in a trace, and at
//! which step, is known, so that verdicts can be counted.

use super::corpus::{Half, Language, Source};

/// Steps of a trace.
pub const STEPS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A text from its beginning to its end.
    Progressing,
    /// The same, each step in the same form with four headings and their opening words.
    InTemplate,
    /// The same, with one step from another text.
    OneAside,
    /// The last step is an earlier one with 15 % of its words cut and its sentences shuffled.
    LightEdits,
    /// The last step is an earlier one with 40 % of its words replaced by those of another text.
    Replaced,
    /// From the fifth step on it is another text.
    TopicSwitch,
    /// From the fourth step on each step has only the beginning of what it had to say, ever less of it.
    Thinning,
}

impl Class {
    pub const ALL: [Self; 7] = [
        Self::Progressing,
        Self::InTemplate,
        Self::OneAside,
        Self::LightEdits,
        Self::Replaced,
        Self::TopicSwitch,
        Self::Thinning,
    ];
}

#[derive(Clone, Debug)]
pub struct Trace {
    pub question: &'static str,
    pub steps: Vec<String>,
    /// The step, from 1 on, at which what is looked for begins.
    pub from: usize,
    /// The step that is repeated.
    pub repeats: Option<usize>,
}

/// So many traces of the class, over all texts of the half in turn.
pub fn traces(class: Class, half: Half, count: usize, seed: u64) -> Vec<Trace> {
    let sources = Source::of(half);
    let mut dice = Dice(seed ^ (class as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (half as u64) << 32);
    (0..count)
        .map(|number| {
            let source = &sources[number % sources.len()];
            let others: Vec<&Source> =
                sources.iter().filter(|other| other.language == source.language && other.name != source.name).collect();
            let other = others[dice.below(others.len())];
            trace(class, source, other, &mut dice)
        })
        .collect()
}

fn trace(class: Class, source: &Source, other: &Source, dice: &mut Dice) -> Trace {
    let cut = cut(source, dice);
    let mut steps: Vec<String> = cut.iter().map(|sentences| text(source.language, sentences)).collect();
    let (mut from, mut repeats) = (STEPS, None);
    match class {
        Class::Progressing => {}
        Class::InTemplate => steps = cut.iter().map(|sentences| in_template(source.language, sentences)).collect(),
        Class::OneAside => steps[3] = text(source.language, &self::cut(other, dice)[dice.below(STEPS)]),
        Class::LightEdits | Class::Replaced => {
            let of = dice.below(STEPS - 2);
            repeats = Some(of + 1);
            steps[STEPS - 1] = if class == Class::LightEdits {
                lightly_edited(source.language, &cut[of], dice)
            } else {
                replaced(source.language, &steps[of], other, dice)
            };
        }
        Class::TopicSwitch => {
            from = 5;
            let away = self::cut(other, dice);
            for (step, sentences) in steps.iter_mut().zip(&away).skip(from - 1) {
                *step = text(source.language, sentences);
            }
        }
        Class::Thinning => {
            from = 4;
            let factor = 0.65 + 0.15 * dice.share();
            for (at, step) in steps.iter_mut().enumerate().skip(from - 1) {
                let words = source.language.words(step);
                let keep = words.len() as f64 * factor.powi((at + 2 - from) as i32);
                *step = source.language.join(&words[..(keep.ceil() as usize).min(words.len())]);
            }
        }
    }
    Trace { question: source.question(), steps, from, repeats }
}

/// The text in as many parts as a trace has steps, cut at chance. Of code a part that is long enough.
fn cut(source: &Source, dice: &mut Dice) -> Vec<Vec<&'static str>> {
    const CODE_LINES: usize = 120;
    /// No step has less.
    const LEAST: [usize; 2] = [2, 6];
    let mut sentences = source.sentences();
    let least = LEAST[usize::from(source.language == Language::Code)];
    if source.language == Language::Code && sentences.len() > CODE_LINES {
        let start = dice.below(sentences.len() - CODE_LINES);
        sentences = sentences[start..start + CODE_LINES].to_vec();
    }
    let spare = sentences.len().saturating_sub(least * STEPS);
    let mut lengths = [least; STEPS];
    for _ in 0..spare {
        lengths[dice.below(STEPS)] += 1;
    }
    let mut rest = &sentences[..];
    lengths
        .iter()
        .map(|length| {
            let (part, after) = rest.split_at((*length).min(rest.len()));
            rest = after;
            part.to_vec()
        })
        .collect()
}

fn text(language: Language, sentences: &[&str]) -> String {
    sentences.join(match language {
        Language::Chinese => "",
        Language::Code => "\n",
        Language::English | Language::German => " ",
    })
}

fn in_template(language: Language, sentences: &[&str]) -> String {
    let headings = match language {
        Language::English | Language::Code => [
            "Summary: this is what the present step found out.",
            "Evidence: the following was observed directly.",
            "Inference: from this evidence we can conclude the following.",
            "Next actions: continue with the next open point of the plan.",
        ],
        Language::German => [
            "Zusammenfassung: Das hat der jetzige Schritt ergeben.",
            "Belege: Folgendes wurde unmittelbar beobachtet.",
            "Schlussfolgerung: Aus diesen Belegen ergibt sich Folgendes.",
            "Nächste Schritte: Weiter mit dem nächsten offenen Punkt des Plans.",
        ],
        Language::Chinese => [
            "总结：本步骤得到以下结果。",
            "证据：直接观察到以下事实。",
            "推论：根据上述证据得出以下结论。",
            "下一步：继续处理计划中的下一个未决事项。",
        ],
    };
    let part = sentences.len().div_ceil(headings.len()).max(1);
    let mut parts = sentences.chunks(part);
    headings.map(|heading| format!("{heading}\n{}\n", text(language, parts.next().unwrap_or_default()))).concat()
}

fn lightly_edited(language: Language, sentences: &[&str], dice: &mut Dice) -> String {
    const CUT: f64 = 0.15;
    let mut shuffled = sentences.to_vec();
    dice.shuffle(&mut shuffled);
    let words = language.words(&text(language, &shuffled));
    let kept: Vec<String> = words.into_iter().filter(|_| dice.share() >= CUT).collect();
    language.join(&kept)
}

fn replaced(language: Language, step: &str, other: &Source, dice: &mut Dice) -> String {
    const REPLACED: f64 = 0.40;
    let foreign = language.words(&text(language, &other.sentences()));
    let words: Vec<String> = language
        .words(step)
        .into_iter()
        .map(|word| if dice.share() < REPLACED { foreign[dice.below(foreign.len())].clone() } else { word })
        .collect();
    language.join(&words)
}

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
