//! The five looks that zen comes with. Each is a table of eight hues; a role takes one of them or none.

use ratatui::style::Color;

use super::{Paint, Role, Shade};

/// A look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The terminal's own sixteen colours, which its owner chose to be readable.
    Ansi,
    Dark,
    Light,
    /// Good and bad differ in more than red and green.
    Clear,
    Mono,
}

/// What a role takes its colour from.
#[derive(Clone, Copy)]
enum Hue {
    Accent,
    Good,
    Warning,
    Bad,
    Keyword,
    Literal,
    Number,
    Name,
}

impl Preset {
    pub const ALL: [Self; 5] = [Self::Ansi, Self::Dark, Self::Light, Self::Clear, Self::Mono];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Clear => "clear",
            Self::Mono => "mono",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// What suits a terminal of this shade.
    pub fn suits(shade: Option<Shade>) -> Self {
        match shade {
            Some(Shade::Dark) => Self::Dark,
            Some(Shade::Light) => Self::Light,
            None => Self::Ansi,
        }
    }

    pub(super) fn paint(self, role: Role) -> Option<Paint> {
        let hue = hue(role)?;
        let (full, plain) = match self {
            Self::Ansi => (None, ansi(hue)),
            Self::Dark => (Some(dark(hue)), ansi(hue)),
            Self::Light => (Some(light(hue)), on_light(hue)),
            Self::Clear => (Some(clear(hue)), clear_of_sixteen(hue)),
            Self::Mono => return None,
        };
        Some(Paint { full, plain })
    }
}

fn hue(role: Role) -> Option<Hue> {
    match role {
        Role::Text | Role::Muted | Role::Heading | Role::Border | Role::Strong | Role::Emphasis | Role::Comment => None,
        Role::Accent | Role::Focus | Role::Selected | Role::Code | Role::Link => Some(Hue::Accent),
        Role::Good => Some(Hue::Good),
        Role::Warning => Some(Hue::Warning),
        Role::Bad => Some(Hue::Bad),
        Role::Keyword => Some(Hue::Keyword),
        Role::Literal => Some(Hue::Literal),
        Role::Number => Some(Hue::Number),
        Role::Name => Some(Hue::Name),
    }
}

fn ansi(hue: Hue) -> Color {
    match hue {
        Hue::Accent => Color::Cyan,
        Hue::Good | Hue::Literal => Color::Green,
        Hue::Warning | Hue::Number => Color::Yellow,
        Hue::Bad => Color::Red,
        Hue::Keyword => Color::Magenta,
        Hue::Name => Color::Blue,
    }
}

/// Yellow and cyan cannot be read on white.
fn on_light(hue: Hue) -> Color {
    match hue {
        Hue::Accent | Hue::Name => Color::Blue,
        Hue::Good | Hue::Literal => Color::Green,
        Hue::Warning | Hue::Number | Hue::Keyword => Color::Magenta,
        Hue::Bad => Color::Red,
    }
}

fn clear_of_sixteen(hue: Hue) -> Color {
    match hue {
        Hue::Accent | Hue::Name => Color::Cyan,
        Hue::Good | Hue::Literal => Color::Blue,
        Hue::Warning | Hue::Number => Color::Yellow,
        Hue::Bad | Hue::Keyword => Color::Magenta,
    }
}

fn dark(hue: Hue) -> u32 {
    match hue {
        Hue::Accent => 0x6f_c8_e8,
        Hue::Good => 0x8f_cf_7a,
        Hue::Warning => 0xe6_b4_5c,
        Hue::Bad => 0xf2_7d_7d,
        Hue::Keyword => 0xc4_9a_f0,
        Hue::Literal => 0xa8_c9_84,
        Hue::Number => 0xf0_a3_6a,
        Hue::Name => 0x86_b0_f5,
    }
}

fn light(hue: Hue) -> u32 {
    match hue {
        Hue::Accent => 0x0a_62_80,
        Hue::Good => 0x2c_6b_1f,
        Hue::Warning => 0x85_55_00,
        Hue::Bad => 0xb0_20_2c,
        Hue::Keyword => 0x74_35_b0,
        Hue::Literal => 0x3a_68_10,
        Hue::Number => 0x9a_44_06,
        Hue::Name => 0x1c_4f_b8,
    }
}

/// After the palette of Okabe and Ito, which people with any colour vision tell apart.
fn clear(hue: Hue) -> u32 {
    match hue {
        Hue::Accent => 0x56_b4_e9,
        Hue::Good => 0x4a_9f_e0,
        Hue::Warning => 0xf0_e4_42,
        Hue::Bad => 0xe6_7a_1e,
        Hue::Keyword => 0xcc_79_a7,
        Hue::Literal => 0x2f_b3_8a,
        Hue::Number => 0xe6_9f_00,
        Hue::Name => 0x7f_b8_ea,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUES: [Hue; 8] =
        [Hue::Accent, Hue::Good, Hue::Warning, Hue::Bad, Hue::Keyword, Hue::Literal, Hue::Number, Hue::Name];

    /// Relative luminance as WCAG has it.
    fn luminance(colour: u32) -> f64 {
        let [_, red, green, blue] = colour.to_be_bytes().map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: u32, other: u32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_hue_can_be_read_on_what_it_is_for() {
        for hue in HUES {
            assert!(contrast(dark(hue), 0x28_28_28) >= 4.5, "{:06x}", dark(hue));
            assert!(contrast(clear(hue), 0x20_20_20) >= 4.5, "{:06x}", clear(hue));
            assert!(contrast(light(hue), 0xf5_f5_f0) >= 4.5, "{:06x}", light(hue));
        }
    }

    #[test]
    fn a_look_is_found_by_its_name() {
        for preset in Preset::ALL {
            assert_eq!(Preset::named(preset.name()), Some(preset));
        }
        assert_eq!(Preset::named("neon"), None);
    }
}
