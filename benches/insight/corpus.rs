//! The texts that traces are made of, and how they are split: every other text of a language is for thresholds, the rest
//! for the report. No text is in both.

/// One text: a question and what follows on it.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub name: &'static str,
    pub language: Language,
    pub half: Half,
    text: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    German,
    Chinese,
    Code,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Thresholds,
    Report,
}

macro_rules! sources {
    ($($language:ident: $($name:literal)*;)*) => {
        [$($((Language::$language, $name, include_str!(concat!("texts/", $name, ".txt"))),)*)*]
    };
}

const TEXTS: [(Language, &str, &str); 28] = sources! {
    English: "en-birds" "en-bread" "en-bridge" "en-cache" "en-login" "en-museum" "en-parser" "en-queue";
    German: "de-archiv" "de-backup" "de-bus" "de-garten" "de-heizung" "de-speicher";
    Chinese: "zh-compiler" "zh-library" "zh-lock" "zh-network" "zh-river" "zh-tea";
    Code: "code-breaker" "code-history" "code-metrics" "code-pause" "code-roots" "code-sessions" "code-spend" "code-wrap";
};

impl Source {
    pub fn of(half: Half) -> Vec<Self> {
        let all = TEXTS.iter().enumerate().map(|(at, (language, name, text))| Self {
            name,
            language: *language,
            half: if at % 2 == 0 { Half::Thresholds } else { Half::Report },
            text,
        });
        all.filter(|source| source.half == half).collect()
    }

    pub fn question(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The sentences, or the lines of code, in order.
    pub fn sentences(&self) -> Vec<&'static str> {
        let body = self.text.split_once('\n').map_or("", |(_, body)| body);
        let ends: &[char] = if self.language == Language::Code { &['\n'] } else { &['\n', '.', '?', '。', '？'] };
        let mut sentences = Vec::new();
        let mut begin = 0;
        for (at, end) in body.match_indices(ends) {
            let after = at + end.len();
            // A point within a number ends nothing.
            let ends_here = end != "." || body[after..].starts_with([' ', '\n']);
            if ends_here {
                sentences.push(body[begin..after].trim_end());
                begin = after;
            }
        }
        sentences
            .into_iter()
            .map(|sentence| sentence.trim_matches('\n'))
            .filter(|text| !text.trim().is_empty())
            .collect()
    }
}

impl Language {
    /// Puts words together again as they are written.
    pub fn join(self, words: &[String]) -> String {
        words.join(if self == Self::Chinese { "" } else { " " })
    }

    /// Words that can be cut or replaced; of Chinese, pieces of two characters.
    pub fn words(self, text: &str) -> Vec<String> {
        if self == Self::Chinese {
            let characters: Vec<char> = text.chars().collect();
            return characters.chunks(2).map(|piece| piece.iter().collect()).collect();
        }
        text.split_whitespace().map(str::to_owned).collect()
    }
}
