//! The tabs of the head: what each says and where it stands, for who draws them and for who is clicked.

use super::figure;
use super::keymap::action::Action;
use super::model::{Model, Screen};
use crate::text;

/// From this width on the head names all screens; below, the open one.
const FULL_TABS: usize = 80;
/// Cells before the first tab: a space and the program's name.
const FIRST: usize = 4;

/// One tab.
pub struct Tab {
    pub screen: Screen,
    pub says: String,
    /// The first cell, and the one behind the last.
    pub from: usize,
    pub to: usize,
}

pub fn tabs(model: &Model, width: usize) -> Vec<Tab> {
    let all = placed(model, true);
    // What is going on matters more than the names of the other screens.
    let beside: usize = marks(model).map(|mark| text::width(mark) + 2).sum::<usize>() + text::width(&totals(model)) + 1;
    let fits = width >= FULL_TABS && all.last().map_or(0, |tab| tab.to) + beside <= width;
    if fits { all } else { placed(model, false) }
}

/// What stands behind the tabs.
pub fn marks(model: &Model) -> impl Iterator<Item = &'static str> {
    [(model.hidden, "hidden"), (model.read_only, "read-only")]
        .into_iter()
        .filter_map(|(is_so, mark)| is_so.then_some(mark))
}

/// What stands at the right end of the head.
pub fn totals(model: &Model) -> String {
    let threads = model.sources.iter().map(|source| source.threads.len()).sum();
    let calls: usize = model.sources.iter().map(|source| source.in_flight().count()).sum();
    let calls = match calls {
        0 => String::new(),
        1 => " · 1 call in flight".to_owned(),
        calls => format!(" · {calls} calls in flight"),
    };
    format!("{}{calls}", figure::plural(threads, "thread"))
}

/// All with their names, or the open one alone.
fn placed(model: &Model, named: bool) -> Vec<Tab> {
    let mut from = FIRST;
    let named = |screen| named || model.screen == screen;
    let tab = |screen: Screen| {
        let key = model.keymap.first(Action::Go(screen)).unwrap_or_default();
        let name = if named(screen) { screen.title() } else { "" };
        let says = format!("  {key} {name}").trim_end().to_owned();
        let to = from + text::width(&says);
        let tab = Tab { screen, says, from, to };
        from = to;
        tab
    };
    Screen::ALL.into_iter().map(tab).collect()
}
